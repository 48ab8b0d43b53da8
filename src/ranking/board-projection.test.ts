import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { Ledger } from "../ledger/ledger.ts";
import { monotonicClock } from "../model/clock.ts";
import type { Board } from "../model/game.ts";
import { isScoreError, ScoreError } from "../model/score-error.ts";
import type { Standing } from "../model/standing.ts";
import { systemTimers } from "../model/timers.ts";
import { BoardProjection } from "./board-projection.ts";
import { MemoryRanking } from "./memory-ranking.ts";
import type { Ranking } from "./ranking.ts";

const board: Board = {
  boardNo: 1,
  boardId: "main",
  aggregation: "sum",
  direction: "descending",
  title: "",
  state: "ready",
};

/** A ledger of one board, in memory. */
class PlainLedger {
  readonly standings = new Map<string, Standing>();
  seq = 0;
  epoch = 0;

  commit(playerId: string, score: number): Standing {
    this.seq += 1;
    const version = (this.standings.get(playerId)?.version ?? 0) + 1;
    const standing = {
      playerId,
      score,
      seq: this.seq,
      version,
      updatedAt: 1,
      displayName: playerId,
    };
    this.standings.set(playerId, standing);
    return standing;
  }

  /** What a projection uses of a ledger. */
  readonly ledger = {
    instances: {
      lastSeq: async () => this.seq,
      checkpoint: async () => 0,
      nextEpoch: async () => {
        this.epoch += 1;
        return this.epoch;
      },
    },
    standings: {
      page: async () => ({ standings: [...this.standings.values()], next: undefined }),
      changedSince: async (_: Board, seq: number) => ({
        standings: [...this.standings.values()].filter((standing) => standing.seq > seq),
        next: undefined,
      }),
    },
  };
}

function project(
  t: TestContext,
  plain: PlainLedger,
  ranking: Ranking,
  onCatchUp: (kind: "catch-up" | "rebuild", projection: BoardProjection) => void = () => {},
) {
  const projection: BoardProjection = new BoardProjection({
    board,
    ledger: plain.ledger as unknown as Ledger,
    ranking,
    waitMs: 5_000,
    now: monotonicClock,
    timers: systemTimers,
    projectedSeq: () => 0,
    onError: (message, cause) => assert.fail(new Error(message, { cause })),
    onCatchUp: (kind) => onCatchUp(kind, projection),
    onGone: () => assert.fail("the board is there"),
  });
  t.after(() => projection.close());
  return projection;
}

const isUnavailable = (error: unknown) => isScoreError(error, "ranking_unavailable");
/** Lets everything that only waits for promises run to its end. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe("a board's projection", () => {
  it("builds the board at first, and is ready then", async (t) => {
    const plain = new PlainLedger();
    plain.commit("ann", 5);
    const ranking = new MemoryRanking();
    const projection = project(t, plain, ranking);
    assert.equal(projection.isReady, false);
    assert.equal(await projection.ready(), true);
    assert.equal((await ranking.page(board, 0, 10)).totalPlayers, 1);
  });

  it("heals when it falls behind in the very moment it became ready", async (t) => {
    const ranking = new MemoryRanking();
    let states = "";
    const projection = project(t, new PlainLedger(), ranking, (_, self) => {
      queueMicrotask(() => {
        states += self.isReady;
        self.markBehind();
        states += self.isReady;
      });
    });
    await projection.ready();
    await settle();
    assert.equal(states, "truefalse", "the moment was met");
    assert.equal(projection.isReady, true);
  });

  it("heals after the ledger failed in the middle of a rebuild", async (t) => {
    const plain = new PlainLedger();
    plain.commit("ann", 5);
    const { page } = plain.ledger.standings;
    let failures = 1;
    plain.ledger.standings.page = async () => {
      failures -= 1;
      if (failures >= 0) throw new ScoreError("ledger_unavailable", "for a moment");
      return page();
    };
    const ranking = new MemoryRanking();
    const rebuilt = Promise.withResolvers<void>();
    project(t, plain, ranking, () => rebuilt.resolve());
    await rebuilt.promise;
    assert.equal((await ranking.page(board, 0, 10)).totalPlayers, 1);
  });

  it("builds a new epoch when a reply is older than one before", async (t) => {
    const plain = new PlainLedger();
    const ranking = new MemoryRanking();
    let next = Promise.withResolvers<void>();
    const projection = project(t, plain, ranking, (kind) => {
      assert.equal(kind, "rebuild");
      next.resolve();
      next = Promise.withResolvers();
    });
    await projection.ready();
    const standing = plain.commit("ann", 5);
    assert.deepEqual(await projection.place([standing]), [{ rank: 1, previousRank: undefined }]);
    const { epoch, version } = await projection.guard(() => ranking.page(board, 0, 10));

    const rebuilt = next.promise;
    const older = { epoch, version: version - 1 };
    await assert.rejects(
      projection.guard(async () => older),
      isUnavailable,
    );
    assert.equal(projection.isReady, false);
    await rebuilt;
    await settle();
    const page = await projection.guard(() => ranking.page(board, 0, 10));
    assert.ok(page.epoch > epoch);
    assert.equal(page.totalPlayers, 1);
  });

  it("takes an answer that comes late for no loss", async (t) => {
    const plain = new PlainLedger();
    const ranking = new MemoryRanking();
    const kinds: string[] = [];
    const projection = project(t, plain, ranking, (kind) => kinds.push(kind));
    await projection.ready();
    const { head } = ranking;
    ranking.head = async (of) => {
      const before = await head.call(ranking, of);
      // Asked for later and answered first.
      await projection.guard(() => ranking.place(board, [plain.commit("ann", 5)]));
      return before;
    };
    projection.markBehind();
    while (!projection.isReady) await settle();
    assert.deepEqual(kinds, ["rebuild", "catch-up"]);
  });

  it("places again what is committed while it heals", async (t) => {
    const plain = new PlainLedger();
    plain.commit("ann", 5);
    const ranking = new MemoryRanking();
    const projection = project(t, plain, ranking);
    await projection.ready();
    const { changedSince } = plain.ledger.standings;
    let late: Promise<unknown> | undefined;
    plain.ledger.standings.changedSince = async (...args) => {
      const found = await changedSince(...args);
      // Too late for the read, and for nothing else.
      late ??= projection.place([plain.commit("bob", 3)]);
      assert.equal(await late, undefined, "no place is known while it heals");
      return found;
    };
    projection.markBehind();
    while (!projection.isReady) await settle();
    assert.ok(late);
    assert.equal((await ranking.page(board, 0, 10)).totalPlayers, 2);
  });

  it("is rebuilt when asked to, by one at a time, and stays ready all the while", async (t) => {
    const plain = new PlainLedger();
    plain.commit("ann", 5);
    const ranking = new MemoryRanking();
    const projection = project(t, plain, ranking);
    await projection.ready();
    const before = await ranking.head(board);
    const { page } = plain.ledger.standings;
    let placed: unknown;
    plain.ledger.standings.page = async () => {
      const found = await page();
      // Too late for the read.
      placed = await projection.place([plain.commit("bob", 3)]);
      await assert.rejects(
        projection.rebuild(() => {}),
        isUnavailable,
      );
      return found;
    };
    const told: number[] = [];
    await projection.rebuild((built) => {
      assert.equal(projection.isReady, true);
      told.push(built);
    });
    assert.deepEqual(told, [1]);
    assert.deepEqual(placed, [{ rank: 2, previousRank: undefined }]);
    const { epoch, totalPlayers } = await ranking.page(board, 0, 10);
    assert.ok(epoch > (before?.epoch ?? 0));
    assert.equal(totalPlayers, 2);
  });

  it("ends a rebuild when it is closed, and leaves the ranking in use as it was", async (t) => {
    const plain = new PlainLedger();
    const ranking = new MemoryRanking();
    const projection = project(t, plain, ranking);
    await projection.ready();
    const before = await ranking.head(board);
    const { standings } = plain.ledger;
    const { page } = standings;
    let closed: Promise<void> | undefined;
    standings.page = async () => {
      closed = projection.close();
      // As if there were always more.
      return { ...(await page()), next: "more" as never };
    };
    const rebuilt = projection.rebuild(() => {});
    await assert.rejects(rebuilt, (error) => isScoreError(error, "shutting_down"));
    await closed;
    assert.deepEqual(await ranking.head(board), before);
  });

  it("stops healing when it is closed", async (t) => {
    const plain = new PlainLedger();
    let tries = 0;
    const ranking = new MemoryRanking();
    ranking.head = async () => {
      tries += 1;
      throw new ScoreError("ranking_unavailable", "down");
    };
    const projection = project(t, plain, ranking);
    await projection.ready();
    await projection.close();
    await projection.close();
    const before = tries;
    projection.markBehind();
    await settle();
    assert.equal(tries, before);
    assert.equal(projection.isReady, false);
  });
});
