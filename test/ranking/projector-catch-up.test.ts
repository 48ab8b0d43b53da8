import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import type { CommitObserver } from "../../src/ledger/ledger.ts";
import type { Board, Game } from "../../src/model/game.ts";
import { Breaker, replacing } from "./faults.ts";
import { instanceSuite } from "./instance-suite.ts";
import { type Instance, submitTo } from "./instances.ts";
import { until } from "./until.ts";

describe("the projector", { timeout: 120_000 }, () => {
  const suite = instanceSuite();
  const isRight = async (instance: Instance, board: Board) => {
    await instance.isRanked(board);
    assert.deepEqual(await instance.ranked(board), await instance.truth(board));
  };
  /** An instance that registered, and does nothing by itself. */
  const register = async () => {
    const instanceId = randomUUID();
    const ledger = await suite.shared.connect(instanceId);
    await ledger.instances.report(await ledger.instances.lastSeq());
    return { instanceId, commit: (game: Game) => submitTo(ledger, game, "of the lost one", 7) };
  };

  for (const when of ["before", "after"] as const) {
    it(`catches up on a placement that was lost ${when} Redis did it`, async () => {
      const breaker = new Breaker("place", when);
      const one = await suite.start({ connection: breaker.wrap });
      const { game, board } = await one.newGame();
      await one.submit(game, "ann");
      const { epoch } = await one.reader.page(board, 0, 10);
      breaker.isBroken = true;
      assert.equal((await one.submit(game, "bob", 5)).size, 0, "no place is known");
      assert.equal((await one.reader.page(board, 0, 10)).epoch, 0, "the ledger answers meanwhile");
      breaker.isBroken = false;
      await isRight(one, board);
      assert.equal((await one.ranked(board)).length, 2);
      assert.equal((await one.reader.page(board, 0, 10)).epoch, epoch, "nothing was built anew");
      assert.equal((await one.submit(game, "eve")).size, 1);
    });
  }

  it("knows at its start what an earlier instance left behind", async () => {
    const breaker = new Breaker("place", "before");
    const one = await suite.start({ connection: breaker.wrap });
    const { game, board } = await one.newGame();
    await one.submit(game, "ann");
    breaker.isBroken = true;
    await one.submit(game, "bob", 5);
    await one.close();
    const two = await suite.start();
    await isRight(two, board);
    assert.equal((await two.ranked(board)).length, 2);
  });

  it("raises a board's checkpoint to what all instances have placed, and again after a failure", async () => {
    const breaker = new Breaker("set-checkpoint", "before");
    const one = await suite.start({ connection: breaker.wrap });
    const { game, board } = await one.newGame();
    const other = await register();
    const behind = await one.ledger.instances.lastSeq();
    breaker.isBroken = true;
    await one.submit(game, "ann");
    const seq = await one.ledger.instances.lastSeq();
    await until(() => breaker.hits > 0);
    breaker.isBroken = false;
    const checkpoint = async () => (await one.ranking.head(board))?.checkpoint ?? 0;
    await until(async () => (await checkpoint()) === behind);
    await one.ledger.instances.forget(other.instanceId);
    await one.submit(game, "ann");
    await until(async () => (await checkpoint()) > seq);
  });

  it("catches up on what a lost instance committed, then forgets it", async () => {
    const one = await suite.start();
    const { game, board } = await one.newGame();
    const lost = await register();
    const { seq } = await lost.commit(game);
    await one.submit(game, "ann");
    assert.equal((await one.ranked(board)).length, 1, "only the lost instance knew");
    const isBefore = (await one.ranking.head(board))?.checkpoint ?? Number.POSITIVE_INFINITY;
    assert.ok(isBefore < seq, "its place in the ledger is kept");
    await suite.shared.silence(lost.instanceId);
    await until(async () => !(await suite.shared.instanceIds()).includes(lost.instanceId));
    await isRight(one, board);
    assert.equal((await one.ranked(board)).length, 2);
  });

  it("ends a catch-up on a lost instance that takes longer than the time between reports", async () => {
    let reports = 0;
    const reads: number[] = [];
    const one = await suite.start({
      ledger: replacing((ledger) => ({
        instances: {
          report: (seq) => {
            reports += 1;
            return ledger.instances.report(seq);
          },
        },
        standings: {
          changedSince: async (board, ...rest) => {
            reads.push(board.boardNo);
            const until3More = reports + 3;
            await until(() => reports >= until3More);
            return ledger.standings.changedSince(board, ...rest);
          },
        },
      })),
    });
    const { game, board } = await one.newGame();
    const lost = await register();
    await lost.commit(game);
    await suite.shared.silence(lost.instanceId);
    const readsOfBoard = () => reads.filter((boardNo) => boardNo === board.boardNo).length;
    const isForgotten = async () => !(await suite.shared.instanceIds()).includes(lost.instanceId);
    await until(async () => readsOfBoard() > 10 || (await isForgotten()));
    assert.ok(readsOfBoard() <= 3, `${readsOfBoard()} reads of the same events`);
    await isRight(one, board);
    assert.equal((await one.ranked(board)).length, 1);
  });

  it("catches up when it was itself taken for lost", async () => {
    let reports = 0;
    let reads = 0;
    const one = await suite.start({
      ledger: replacing((ledger) => ({
        instances: {
          report: async (seq) => {
            const report = await ledger.instances.report(seq);
            reports += 1;
            return report;
          },
        },
        standings: {
          changedSince: (...args) => {
            reads += 1;
            return ledger.standings.changedSince(...args);
          },
        },
      })),
    });
    const { game, board } = await one.newGame();
    // The others wait for this one: its commits stay later than their checkpoint.
    await register();
    await one.submit(game, "ann");
    const before = reads;
    await one.ledger.instances.forget(one.instanceId);
    const at = reports;
    await until(() => reads > before || reports >= at + 20);
    assert.ok(reads > before);
    assert.ok((await suite.shared.instanceIds()).includes(one.instanceId), "it is registered anew");
    await isRight(one, board);
  });

  it("catches up on a commit of unknown outcome that happens after all", async () => {
    const observers: CommitObserver[] = [];
    let meanwhile: (() => Promise<unknown>) | undefined;
    const committed = Promise.withResolvers<void>();
    const one = await suite.start({
      ledger: replacing((ledger) => ({
        events: {
          observe: (observer) => {
            observers.push(observer);
            ledger.events.observe(observer);
          },
        },
        instances: { cutOff: () => committed.promise },
        standings: {
          changedSince: async (...args) => {
            const page = await ledger.standings.changedSince(...args);
            const act = meanwhile;
            meanwhile = undefined;
            await act?.();
            return page;
          },
        },
      })),
    });
    const { game, board } = await one.newGame();
    const ownSession = await suite.shared.connect("of the commit whose answer was lost");
    let seq = Number.POSITIVE_INFINITY;
    meanwhile = async () => {
      seq = (await submitTo(ownSession, game, "late", 5)).seq;
      committed.resolve();
    };
    for (const observer of observers) observer.onUnknown([game]);
    await committed.promise;
    const isSettled = async () => ((await one.ranking.head(board))?.checkpoint ?? 0) >= seq;
    await until(async () => (await one.ranked(board).catch(() => [])).length === 1);
    await isRight(one, board);
    await one.submit(game, "ann");
    await until(isSettled);
  });
});
