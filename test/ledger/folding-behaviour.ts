import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import type { Ledger, Receipt } from "../../src/ledger/ledger.ts";
import type { Game } from "../../src/model/game.ts";
import type { RankedStanding } from "../../src/model/standing.ts";
import { BoardModel, type ModelStanding } from "./board-model.ts";
import type { TestDatabase } from "./open-ledgers.ts";
import {
  boardOf,
  boardSettings,
  eventOf,
  everyBoard,
  gameNow,
  newGame,
  submitLive,
} from "./sample-games.ts";

interface Scored {
  readonly playerId: string;
  readonly points: number;
  readonly displayName: string | undefined;
}

const points = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -3, max: 3 }) },
  { weight: 1, arbitrary: fc.maxSafeInteger().map((n) => Math.trunc(n / 1_000) + 0) },
);
/** Few players, so that a batch holds several events of one. */
const scored: fc.Arbitrary<Scored> = fc.record({
  playerId: fc.constantFrom("ada", "bob", "cy", "dot"),
  points,
  displayName: fc.option(
    fc
      .oneof(
        fc.constantFrom("Ada", "NULL", '{"a","b"}', "a\\b'c", "名前 👩🏽‍🚀", " "),
        fc.string({ unit: "grapheme", minLength: 1 }),
      )
      .filter((name) => name.isWellFormed() && !name.includes("\0")),
    { freq: 2, nil: undefined },
  ),
});
const batches = fc.array(fc.array(scored, { minLength: 1, maxLength: 12 }), {
  minLength: 1,
  maxLength: 8,
});

/** Standings, and what events are told of them, against a plain model. */
export function foldingBehaviour(database: () => TestDatabase): void {
  it("standings and receipts are those of the events one by one, on every kind of board", async () => {
    const ledger = await database().openLedger();
    await fc.assert(
      fc.asyncProperty(batches, async (steps) => {
        const game = await newGame(ledger, everyBoard);
        const models = new Map(game.boards.map((board) => [board.boardId, new BoardModel(board)]));
        let known = new Map<string, RankedStanding>();
        for (const step of steps) {
          const receipts = await submitTogether(ledger, game, step);
          for (const [index, receipt] of receipts.entries()) {
            const event = { ...(step[index] as Scored), seq: receipt.seq };
            const expected = game.boards.map((board) => ({
              board,
              ...models.get(board.boardId)?.add(event),
            }));
            assert.deepEqual(receipt.outcomes, expected);
          }
          const now = new Map<string, RankedStanding>();
          for (const board of game.boards) {
            const { standings } = await ledger.standings.top(board, 0, 10);
            assert.deepEqual(standings.map(ranked), models.get(board.boardId)?.ranked());
            for (const s of standings) now.set(`${board.boardId}/${s.playerId}`, s);
          }
          assertVersions(known, now);
          known = now;
        }
      }),
      { numRuns: 40 },
    );
  });

  it("a board filled from history has the standings of one that was there all the time", async () => {
    const ledger = await database().openLedger();
    const steps = fc.tuple(batches, batches, batches);
    await fc.assert(
      fc.asyncProperty(steps, async ([history, meanwhile, afterwards]) => {
        const { gameId, boards } = await newGame(ledger, everyBoard);
        for (const step of history) await submitAllLive(ledger, gameId, step);
        const late = everyBoard.map((name) => boardSettings(name, `late_${name}`));
        await ledger.games.put({ gameId, boards: [...boards, ...late], actions: [] });
        const filled = ledger.upkeep(async () => {});
        for (const step of meanwhile) await submitAllLive(ledger, gameId, step);
        await filled;
        for (const step of afterwards) await submitAllLive(ledger, gameId, step);
        const game = await gameNow(ledger, gameId);
        for (const name of everyBoard) {
          const live = await ledger.standings.top(boardOf(game, name), 0, 10);
          const later = await ledger.standings.top(boardOf(game, `late_${name}`), 0, 10);
          assert.deepEqual(later.standings.map(ranked), live.standings.map(ranked), name);
        }
      }),
      { numRuns: 15 },
    );
  });
}

/** One batch, in this order. */
function submitTogether(ledger: Ledger, game: Game, step: readonly Scored[]): Promise<Receipt[]> {
  return Promise.all(step.map((what) => ledger.events.submit(eventOf(game, what))));
}

async function submitAllLive(ledger: Ledger, gameId: string, step: readonly Scored[]) {
  await Promise.all(
    step.map((what) => submitLive(ledger, gameId, { ...what, actionId: randomUUID() })),
  );
}

/** A copy that differs is a newer one, and the other way round. */
function assertVersions(
  before: ReadonlyMap<string, RankedStanding>,
  now: ReadonlyMap<string, RankedStanding>,
): void {
  for (const [key, { version, rank: _, ...content }] of now) {
    const earlier = before.get(key);
    if (earlier === undefined) continue;
    const { version: earlierVersion, rank: __, ...earlierContent } = earlier;
    if (isDeepStrictEqual(content, earlierContent)) assert.equal(version, earlierVersion, key);
    else assert.ok(version > earlierVersion, key);
  }
}

function ranked({ playerId, score, seq, displayName }: ModelStanding): ModelStanding {
  return { playerId, score, seq, displayName };
}
