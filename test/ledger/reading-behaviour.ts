import assert from "node:assert/strict";
import { it } from "node:test";
import type { Board } from "../../src/model/game.ts";
import type { Standing } from "../../src/model/standing.ts";
import { BoardModel } from "./board-model.ts";
import type { TestDatabase } from "./open-ledgers.ts";
import { boardOf, eventOf, newGame } from "./sample-games.ts";

/** Reading standings, and what the ranking needs to catch up. */
export function readingBehaviour(database: () => TestDatabase): void {
  /** A game with boards of both directions and many ties. */
  async function playedGame() {
    const ledger = await database().openLedger();
    const game = await newGame(ledger, ["best_descending", "best_ascending"]);
    const events = Array.from({ length: 60 }, (_, n) =>
      eventOf(game, { playerId: `p${(n * 7) % 25}`, points: (n * 13) % 5 }),
    );
    const receipts = await Promise.all(events.map((event) => ledger.events.submit(event)));
    const scored = events.map((event, n) => ({ ...event, seq: receipts[n]?.seq ?? 0 }));
    return { ledger, game, scored, lastReceipt: receipts.at(-1) };
  }

  it("the top is in order, ties by who was first, in parts and to the end", async () => {
    const { ledger, game, scored, lastReceipt } = await playedGame();
    for (const board of game.boards) {
      const expected = new BoardModel(board, scored).ranked();
      for (const [offset, limit] of [
        [0, 100],
        [0, 3],
        [7, 5],
        [23, 5],
        [25, 5],
      ] as const) {
        const top = await ledger.standings.top(board, offset, limit);
        assert.deepEqual(
          top.standings.map(({ playerId, seq, rank }) => ({ playerId, seq, rank })),
          expected
            .map(({ playerId, seq }, n) => ({ playerId, seq, rank: n + 1 }))
            .slice(offset, offset + limit),
        );
        assert.equal(top.totalPlayers, 25);
        const all = await ledger.standings.page(board, undefined, 100);
        assert.equal(
          top.changes,
          all.standings.reduce((sum, { version }) => sum + version, 0),
        );
        assert.ok((top.changedAt ?? 0) <= (lastReceipt?.committedAt ?? 0));
      }
    }
  });

  it("a board without scores is empty and knows no player", async () => {
    const ledger = await database().openLedger();
    const board = boardOf(await newGame(ledger), "sum_descending");
    assert.deepEqual(await ledger.standings.top(board, 0, 10), {
      standings: [],
      totalPlayers: 0,
      changedAt: undefined,
      changes: 0,
    });
    assert.equal(await ledger.standings.find(board, "ada"), undefined);
    assert.deepEqual(await ledger.standings.page(board, undefined, 10), {
      standings: [],
      next: undefined,
    });
  });

  for (const limit of [1, 4, 5, 100]) {
    it(`pages of ${limit} hold every standing once`, async () => {
      const { ledger, game } = await playedGame();
      const board = boardOf(game, "best_descending");
      const found = await everyStep((after) => ledger.standings.page(board, after, limit));
      assert.equal(found.length, 25);
      assert.equal(new Set(found.map(({ playerId }) => playerId)).size, 25);
      const { standings } = await ledger.standings.top(board, 0, 100);
      for (const { rank: _, ...standing } of standings) {
        assert.deepEqual(
          found.find(({ playerId }) => playerId === standing.playerId),
          standing,
        );
      }
    });

    it(`steps of ${limit} events find exactly the players with events after a seq`, async () => {
      const { ledger, game, scored } = await playedGame();
      const board = boardOf(game, "best_descending");
      for (const since of [0, 10, 41, 59]) {
        const seq = scored[since]?.seq ?? 0;
        const found = await everyStep((after) =>
          ledger.standings.changedSince(board, seq, after, limit),
        );
        assert.deepEqual(
          new Set(found.map(({ playerId }) => playerId)),
          new Set(scored.slice(since + 1).map(({ playerId }) => playerId)),
        );
      }
    });
  }

  it("a page shows each standing as a look-up does, whatever its score and name", async () => {
    const ledger = await database().openLedger();
    const game = await newGame(ledger, ["latest_descending"]);
    const board = boardOf(game, "latest_descending");
    const names = ["Zoë 🦊", 'a "quoted" \\ name', "null", '["x"]', "\u2028", undefined];
    const points = [Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 0, -1, 2 ** 53 - 2, 7];
    const events = names.map((displayName, n) =>
      eventOf(game, { playerId: `p${n}`, points: points[n] ?? 0, displayName }),
    );
    await Promise.all(events.map((event) => ledger.events.submit(event)));
    const { standings } = await ledger.standings.page(board, undefined, 100);
    assert.deepEqual(
      standings.map(({ score, displayName }) => ({ score, displayName })),
      events.map((event) => ({ score: event.points, displayName: event.displayName })),
    );
    for (const standing of standings) {
      assert.deepEqual(await ledger.standings.find(board, standing.playerId), standing);
    }
  });

  it("the boards that changed are the ready ones of games with later events", async () => {
    const { ledger, game, scored } = await playedGame();
    const other = await newGame(ledger);
    const seq = scored.at(-2)?.seq ?? 0;
    const numbers = (boards: readonly Board[]) => boards.map(({ boardNo }) => boardNo);
    const changed = new Set(await ledger.standings.boardsChangedSince(seq));
    assert.ok(numbers(game.boards).every((boardNo) => changed.has(boardNo)));
    assert.ok(numbers(other.boards).every((boardNo) => !changed.has(boardNo)));
    const unchanged = await ledger.standings.boardsChangedSince(scored.at(-1)?.seq ?? 0);
    assert.ok(numbers(game.boards).every((boardNo) => !unchanged.includes(boardNo)));
  });
}

async function everyStep(
  read: (after: string | undefined) => Promise<{
    readonly standings: readonly Standing[];
    readonly next: string | undefined;
  }>,
): Promise<Standing[]> {
  const all: Standing[] = [];
  for (let after: string | undefined; ; ) {
    const { standings, next } = await read(after);
    all.push(...standings);
    if (next === undefined) return all;
    assert.notEqual(next, after);
    after = next;
  }
}
