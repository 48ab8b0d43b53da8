import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import type { Board, Direction } from "../../src/model/game.ts";
import type { Standing } from "../../src/model/standing.ts";
import { type Ranking, RankingMissing, type ScanCursor } from "../../src/ranking/ranking.ts";
import { aBoard, aStanding, type Backend, backends, build, idOf } from "./ranking-backends.ts";

const largest = Number.MAX_SAFE_INTEGER;

/** Standings of players, of whom the ranking and the one who compares have a copy each, or none. */
const copies = fc.uniqueArray(
  fc.record({
    player: fc.nat(20),
    ranked: fc.option(aCopy(), { nil: undefined }),
    expected: fc.option(aCopy(), { nil: undefined }),
    isSame: fc.boolean(),
  }),
  { selector: ({ player }) => player, maxLength: 12 },
);

function aCopy() {
  return fc.record({
    score: fc.oneof(fc.integer(), fc.constantFrom(0, largest, -largest)),
    seq: fc.integer({ min: 1, max: 2 ** 40 }),
    version: fc.integer({ min: 1, max: 2 ** 40 }),
    updatedAt: fc.integer({ min: 0, max: 2 ** 45 }),
    displayName: fc.option(fc.constantFrom("Ann", "Zoë ⭐", 'a"b\\c', "12:;-"), { nil: undefined }),
  });
}

for (const kind of backends) {
  describe(`a comparison with a ranking in ${kind.name}`, () => {
    let backend: Backend;
    let ranking: Ranking;
    before(async () => {
      backend = await kind.open();
      ranking = await backend.instance();
    });
    after(() => backend?.close());

    it("finds it as expected exactly when it is, and tells else what it holds", async () => {
      const property = fc.asyncProperty(
        fc.constantFrom<Direction>("ascending", "descending"),
        copies,
        async (direction, players) => {
          const board = aBoard(direction);
          const standingOf = (player: number, copy: Omit<Standing, "playerId"> | undefined) =>
            // No two players share a seq.
            copy && aStanding({ playerId: idOf(player), ...copy, seq: 32 * copy.seq + player });
          const ranked = players.map(({ player, ranked }) => standingOf(player, ranked));
          const expected = players.map(({ player, expected, isSame }, index) => ({
            playerId: idOf(player),
            standing: isSame ? ranked[index] : standingOf(player, expected),
          }));
          const standings = ranked.filter((standing) => standing !== undefined);
          await build(ranking, board, { epoch: 3, standings });
          const comparison = await ranking.compare(board, expected);
          assert.equal(comparison.epoch, 3);
          assert.equal(comparison.players, standings.length);
          assert.equal(comparison.places, standings.length);
          const isAsExpected = isEqual(
            ranked,
            expected.map(({ standing }) => standing),
          );
          assert.deepEqual(comparison.held, isAsExpected ? undefined : ranked);
          await ranking.remove(board.boardNo);
        },
      );
      await fc.assert(property, { numRuns: 100, interruptAfterTimeLimit: 60_000 });
    });

    it("counts without being asked for anybody", async () => {
      const board = aBoard("descending");
      await build(ranking, board, { standings: [aStanding({ playerId: "ann" })] });
      const { players, places, held } = await ranking.compare(board, []);
      assert.deepEqual({ players, places, held }, { players: 1, places: 1, held: undefined });
    });

    it("goes through all players in steps, and finds nothing stray in a ranking that nobody damaged", async () => {
      const board = aBoard("ascending");
      const standings = Array.from({ length: 2_500 }, (_, index) =>
        aStanding({ playerId: idOf(index), score: index % 7, seq: index + 1 }),
      );
      await build(ranking, board, { standings });
      const moved = standings
        .slice(0, 100)
        .map((one) => ({ ...one, seq: one.seq + 5_000, version: 2 }));
      await ranking.place(board, moved);
      const { players, strays, steps } = await scan(ranking, board);
      assert.deepEqual([...players].sort(), standings.map(({ playerId }) => playerId).sort());
      assert.deepEqual(strays, []);
      assert.ok(steps >= 5, `${steps} steps`);
    });

    it("has nothing to compare before it was built", async () => {
      const board = aBoard("descending");
      await assert.rejects(ranking.compare(board, []), RankingMissing);
      await assert.rejects(ranking.scan(board, undefined), RankingMissing);
    });
  });
}

async function scan(ranking: Ranking, board: Board) {
  const players = new Set<string>();
  const strays = [];
  let steps = 0;
  for (let cursor: ScanCursor | undefined; ; ) {
    const step = await ranking.scan(board, cursor);
    for (const playerId of step.playerIds) players.add(playerId);
    strays.push(...step.strays);
    steps += 1;
    cursor = step.next;
    if (cursor === undefined) return { players, strays, steps };
  }
}

function isEqual(actual: unknown, expected: unknown): boolean {
  try {
    assert.deepEqual(actual, expected);
    return true;
  } catch {
    return false;
  }
}
