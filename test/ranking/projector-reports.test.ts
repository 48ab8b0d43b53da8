import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CommitObserver } from "../../src/ledger/ledger.ts";
import { ScoreError } from "../../src/model/score-error.ts";
import { Breaker, replacing } from "./faults.ts";
import { instanceSuite } from "./instance-suite.ts";
import { eventOf } from "./instances.ts";
import { until } from "./until.ts";

describe("what an instance reports of itself", { timeout: 120_000 }, () => {
  const suite = instanceSuite();

  it("goes on while a commit takes long and when its outcome is in doubt, and says no more than is placed", async () => {
    const observers: CommitObserver[] = [];
    const reported: number[] = [];
    let isSlow = false;
    const commit = Promise.withResolvers<void>();
    const inDoubt = Promise.withResolvers<void>();
    const one = await suite.start({
      ledger: replacing((ledger) => ({
        events: {
          observe: (observer) => {
            observers.push(observer);
            ledger.events.observe(observer);
          },
          settled: () => (isSlow ? commit.promise : ledger.events.settled()),
        },
        instances: {
          cutOff: () => inDoubt.promise,
          report: (seq) => {
            reported.push(seq);
            return ledger.instances.report(seq);
          },
        },
      })),
    });
    const { game } = await one.newGame();
    isSlow = true;
    const placed = reported.at(-1);
    await one.submit(game, "ann");
    const goesOn = async () => {
      const before = reported.length;
      await until(() => reported.length > before + 3);
      assert.equal(reported.at(-1), placed);
    };
    await goesOn();
    for (const observer of observers) observer.onUnknown([game]);
    commit.resolve();
    await goesOn();
    inDoubt.resolve();
    await until(() => reported.at(-1) !== placed);
  });

  it("ends with its goodbye: nobody takes what was closed for lost, or catches up on it", async () => {
    const [one, two] = [await suite.start(), await suite.start()];
    const { game, board } = await one.newGame();
    await one.submit(game, "ann");
    const ofOne = one.ledger.events.submit(eventOf(game, "bob"));
    await two.isRanked(board);
    // Boards of other tests, too: what is behind is for others to catch up on.
    await until(() => [one, two].every(({ projector }) => projector.boardsBehind === 0));
    const before = [...two.catchUps];
    await one.close();
    assert.deepEqual(await suite.shared.instanceIds(), [two.instanceId]);
    await ofOne;
    assert.deepEqual(await two.ranked(board), await two.truth(board));
    assert.equal((await two.ranked(board)).length, 2);
    assert.deepEqual(two.catchUps, before);
  });

  it("stays behind with what is in doubt or was not placed, for others to catch up on", async () => {
    const observers: CommitObserver[] = [];
    const doubting = await suite.start({
      ledger: replacing((ledger) => ({
        events: {
          observe: (observer) => {
            observers.push(observer);
            ledger.events.observe(observer);
          },
        },
        instances: {
          cutOff: async () => {
            throw new ScoreError("ledger_unavailable", "it can't be told");
          },
        },
      })),
    });
    const breaker = new Breaker("place", "before");
    const failing = await suite.start({ connection: breaker.wrap });
    const { game, board } = await doubting.newGame();
    await failing.submit(game, "ann");
    for (const observer of observers) observer.onUnknown([game]);
    breaker.isBroken = true;
    await failing.submit(game, "bob");
    for (const instance of [doubting, failing]) await instance.close();
    const left = new Set(await suite.shared.instanceIds());
    assert.deepEqual(left, new Set([doubting.instanceId, failing.instanceId]));
    const other = await suite.start();
    for (const instanceId of left) await suite.shared.silence(instanceId);
    await until(async () => (await suite.shared.instanceIds()).length === 1);
    assert.deepEqual(await other.ranked(board), await other.truth(board));
  });
});
