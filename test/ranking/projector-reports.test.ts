import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import type { CommitObserver } from "../../src/ledger/ledger.ts";
import { ScoreError } from "../../src/model/score-error.ts";
import { type RedisServer, startRedis } from "../servers/redis-server.ts";
import { Breaker, replacing } from "./faults.ts";
import { eventOf, Instance, type InstanceOptions, SharedLedger } from "./instances.ts";
import { until } from "./until.ts";

describe("what an instance reports of itself", { timeout: 120_000 }, () => {
  let shared: SharedLedger;
  let redis: RedisServer;
  let instances: Instance[] = [];
  before(async () => {
    shared = await SharedLedger.open();
    redis = await startRedis();
  });
  afterEach(async () => {
    for (const instance of instances) {
      await instance.close();
      assert.deepEqual(instance.errors, []);
    }
    instances = [];
    await shared.forgetInstances();
  });
  after(async () => {
    await redis?.close();
    await shared?.close();
  });

  const start = async (wrap?: InstanceOptions["wrap"]) => {
    const instance = await Instance.start({ shared, redisUrl: redis.url, wrap });
    instances.push(instance);
    return instance;
  };

  it("goes on while a commit takes long and when its outcome is in doubt, and says no more than is placed", async () => {
    const observers: CommitObserver[] = [];
    const reported: number[] = [];
    let isSlow = false;
    const commit = Promise.withResolvers<void>();
    const inDoubt = Promise.withResolvers<void>();
    const one = await start({
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
    const [one, two] = [await start(), await start()];
    const { game, board } = await one.newGame();
    await one.submit(game, "ann");
    const ofOne = one.ledger.events.submit(eventOf(game, "bob"));
    await two.isRanked(board);
    // Boards of other tests, too: what is behind is for others to catch up on.
    await until(() => [one, two].every(({ projector }) => projector.boardsBehind === 0));
    const before = [...two.catchUps];
    await one.close();
    assert.deepEqual(await shared.instanceIds(), [two.instanceId]);
    await ofOne;
    assert.deepEqual(await two.ranked(board), await two.truth(board));
    assert.equal((await two.ranked(board)).length, 2);
    assert.deepEqual(two.catchUps, before);
  });

  it("stays behind with what is in doubt or was not placed, for others to catch up on", async () => {
    const observers: CommitObserver[] = [];
    const doubting = await start({
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
    const failing = await start({ connection: breaker.wrap });
    const { game, board } = await doubting.newGame();
    await failing.submit(game, "ann");
    for (const observer of observers) observer.onUnknown([game]);
    breaker.isBroken = true;
    await failing.submit(game, "bob");
    for (const instance of [doubting, failing]) await instance.close();
    const left = new Set(await shared.instanceIds());
    assert.deepEqual(left, new Set([doubting.instanceId, failing.instanceId]));
    const other = await start();
    for (const instanceId of left) await shared.silence(instanceId);
    await until(async () => (await shared.instanceIds()).length === 1);
    assert.deepEqual(await other.ranked(board), await other.truth(board));
  });
});
