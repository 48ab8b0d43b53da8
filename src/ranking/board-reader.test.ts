import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import type { Ledger, LedgerTop } from "../ledger/ledger.ts";
import type { Board } from "../model/game.ts";
import { isScoreError, ScoreError } from "../model/score-error.ts";
import type { RankedStanding } from "../model/standing.ts";
import { systemTimers } from "../model/timers.ts";
import { BoardReader, maxEntries } from "./board-reader.ts";
import { MemoryRanking } from "./memory-ranking.ts";
import type { Projector } from "./projector.ts";
import type { Ranking } from "./ranking.ts";

const board: Board = {
  boardNo: 1,
  boardId: "main",
  aggregation: "sum",
  direction: "descending",
  title: "",
  state: "ready",
};
const standings = Array.from({ length: 40 }, (_, index) => ({
  playerId: `p${index}`,
  score: -index,
  seq: index + 1,
  version: 1,
  updatedAt: index,
  displayName: undefined,
  rank: index + 1,
}));
const top: LedgerTop = { standings, totalPlayers: 40, changedAt: 39, changes: 41 };

describe("a reader of boards, while the ranking is unavailable", () => {
  /** The queries under way, and those there ever were. */
  const queries: PromiseWithResolvers<LedgerTop>[] = [];
  let reader: BoardReader;
  let ledger: Ledger;
  afterEach(() => mock.timers.reset());
  beforeEach(() => {
    mock.timers.enable({ apis: ["setTimeout", "Date"] });
    queries.length = 0;
    const unavailable = new ScoreError("ranking_unavailable", "down");
    const projector = { read: () => Promise.reject(unavailable) } as unknown as Projector;
    ledger = {
      standings: {
        top: (_: Board, offset: number, limit: number) => {
          assert.deepEqual([offset, limit], [0, maxEntries]);
          const query = Promise.withResolvers<LedgerTop>();
          queries.push(query);
          return query.promise;
        },
        find: async (_: Board, playerId: string) =>
          standings.find((standing) => standing.playerId === playerId),
      },
    } as unknown as Ledger;
    reader = new BoardReader({
      projector,
      ledger,
      tickMs: 50,
      now: Date.now,
      timers: systemTimers,
    });
  });

  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const readers = async (count: number) => {
    const pages = Array.from({ length: count }, (_, index) => reader.page(board, index % 7, 10));
    await settle();
    return pages;
  };

  it("asks the ledger once for all who read at a time, and cuts out each one's part", async () => {
    const first = await readers(50);
    mock.timers.tick(1_000);
    const later = await readers(50);
    assert.equal(queries.length, 1, "however long it takes");
    queries[0]?.resolve(top);
    for (const [index, page] of (await Promise.all([...first, ...later])).entries()) {
      const offset = (index % 50) % 7;
      const part = standings.slice(offset, offset + 10);
      assert.deepEqual(page, { ...top, epoch: 0, version: 0, standings: part });
    }
  });

  it("asks again only after a tick", async () => {
    for (const expected of [1, 2, 3]) {
      await readers(5);
      assert.equal(queries.length, expected);
      queries.at(-1)?.resolve(top);
      await settle();
      mock.timers.tick(49);
      await readers(5);
      assert.equal(queries.length, expected, "within the tick");
      mock.timers.tick(1);
    }
  });

  it("asks again only after a slow query has paid for itself", async () => {
    await readers(1);
    mock.timers.tick(400);
    queries[0]?.resolve(top);
    await settle();
    mock.timers.tick(399);
    await readers(5);
    assert.equal(queries.length, 1);
    mock.timers.tick(1);
    await readers(5);
    assert.equal(queries.length, 2);
  });

  it("does not keep a failure", async () => {
    const [failing] = await readers(1);
    queries[0]?.reject(new ScoreError("ledger_unavailable", "down, too"));
    await assert.rejects(failing ?? Promise.resolve(), (error) =>
      isScoreError(error, "ledger_unavailable"),
    );
    const [working] = await readers(1);
    queries[1]?.resolve(top);
    assert.equal((await working)?.totalPlayers, 40);
  });

  it("shows the first 100 only, and nobody's neighbours", async () => {
    const isOurs = (error: unknown) => isScoreError(error, "ranking_unavailable");
    await assert.rejects(reader.page(board, 91, 10), isOurs);
    await assert.rejects(reader.around(board, "p1", 3), isOurs);
    assert.equal(queries.length, 0);
    const last = reader.page(board, 90, 10);
    await settle();
    queries[0]?.resolve(top);
    assert.deepEqual((await last).standings, []);
  });

  it("tells a player's own score without a rank, and whom it does not know", async () => {
    const place = reader.place(board, "p3");
    await settle();
    queries[0]?.resolve(top);
    const { standing, totalPlayers } = await place;
    assert.equal(standing.score, -3);
    assert.equal(totalPlayers, 40);
    await assert.rejects(reader.place(board, "nobody"), (error) =>
      isScoreError(error, "unknown_player"),
    );
  });
});

describe("a reader of boards, by many at a time", () => {
  it("reads a page once for all who ask for it meanwhile, and gives them one object", async () => {
    const ranking = new MemoryRanking();
    const rebuild = await ranking.beginRebuild(board, 1);
    await rebuild?.add(standings);
    await rebuild?.finish(40);
    const query = mock.method(ranking, "page");
    const projector = {
      read: (_: Board, query: (ranking: Ranking) => Promise<unknown>) => query(ranking),
    } as unknown as Projector;
    const ledger = {} as Ledger;
    const reader = new BoardReader({
      projector,
      ledger,
      tickMs: 50,
      now: Date.now,
      timers: systemTimers,
    });
    const first = reader.page(board, 0, 10);
    const [page, ...others] = await Promise.all(
      Array.from({ length: 20 }, () => reader.page(board, 0, 10)),
    );
    const [below, shorter] = await Promise.all([
      reader.page(board, 10, 10),
      reader.page(board, 0, 5),
    ]);
    assert.equal(query.mock.callCount(), 4);
    assert.equal((await first).standings.length, 10);
    for (const other of others) assert.equal(other, page);
    assert.deepEqual([below.standings[0]?.rank, shorter.standings.length], [11, 5]);
  });
});

describe("a reader of boards whose ranking comes and goes", () => {
  /** A ranking that holds `version` of one player, and is there when it is said to be. */
  async function aReader(version: number) {
    const ranking = new MemoryRanking();
    const rebuild = await ranking.beginRebuild(board, 1);
    await rebuild?.add([standingOf(version)]);
    await rebuild?.finish(0);
    const state = { isThere: true, inLedger: version };
    const read = async (_: Board, query: (ranking: Ranking) => unknown) => {
      if (!state.isThere) throw new ScoreError("ranking_unavailable", "down");
      return query(ranking);
    };
    const topOfLedger = async () => ({ ...top, standings: [standingOf(state.inLedger)] });
    const reader = new BoardReader({
      projector: { read } as unknown as Projector,
      ledger: { standings: { top: topOfLedger } } as unknown as Ledger,
      tickMs: 60_000,
      now: Date.now,
      timers: systemTimers,
    });
    const shown = async () => (await reader.page(board, 0, 10)).standings[0]?.version;
    return { ranking, state, shown };
  }
  const standingOf = (version: number) => ({ ...(standings[0] as RankedStanding), version });

  it("shows nothing older than the ledger showed, though another instance has not placed it", async () => {
    const { state, shown } = await aReader(1);
    state.isThere = false;
    state.inLedger = 2;
    assert.equal(await shown(), 2);
    state.isThere = true;
    assert.equal(await shown(), 2);
  });

  it("shows nothing older than the ranking showed, though the ledger was asked within the tick", async () => {
    const { ranking, state, shown } = await aReader(1);
    state.isThere = false;
    assert.equal(await shown(), 1);
    state.isThere = true;
    await ranking.place(board, [standingOf(2)]);
    assert.equal(await shown(), 2);
    state.isThere = false;
    state.inLedger = 2;
    assert.equal(await shown(), 2);
  });
});
