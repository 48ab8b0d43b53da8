import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import type { Direction } from "../../src/model/game.ts";
import type { Standing } from "../../src/model/standing.ts";
import type { Ranking } from "../../src/ranking/ranking.ts";
import { PlainRanking } from "./plain-ranking.ts";
import { aBoard, aStanding, type Backend, backends, build, idOf } from "./ranking-backends.ts";

const max = Number.MAX_SAFE_INTEGER;
const players = Array.from({ length: 8 }, (_, index) =>
  index % 2 === 0 ? `player ${"é".repeat(index)}` : idOf(index),
);
const player = fc.constantFrom(...players);
const score = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -2, max: 2 }) },
  { weight: 1, arbitrary: fc.constantFrom(max, max - 1, -max, 1 - max) },
  { weight: 1, arbitrary: fc.maxSafeInteger() },
);
const name = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1 }),
  fc.string({ unit: "binary", minLength: 1 }),
  fc.constantFrom("王小明", "👩‍👩‍👧‍👦🏴‍☠️", "عَرَبِيّ", "Ω≈ç√", 'a"b\\c', " ", "0", "\u2028"),
);

/** What a ledger may hand over: a new score, a new name, or something from before, late or again. */
const write = fc.oneof(
  fc.record({ kind: fc.constant("score" as const), player, score, name: fc.option(name) }),
  fc.record({ kind: fc.constant("name" as const), player, name }),
  fc.record({ kind: fc.constant("again" as const), which: fc.nat() }),
);
const window = { limit: fc.integer({ min: 0, max: 10 }) };
const operation = fc.oneof(
  fc.record({
    kind: fc.constant("place" as const),
    writes: fc.array(write, { maxLength: 6, size: "max" }),
  }),
  fc.record({ kind: fc.constant("page" as const), offset: fc.nat(10), ...window }),
  fc.record({
    kind: fc.constant("around" as const),
    player: fc.oneof(player, fc.constant("absent")),
    ...window,
  }),
);
type Write = typeof write extends fc.Arbitrary<infer T> ? T : never;
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** Numbers events and versions as the ledger does. */
class History {
  readonly #standings = new Map<string, Standing>();
  readonly #all: Standing[] = [];

  next(write: Write): Standing | undefined {
    if (write.kind === "again") return this.#all[write.which % this.#all.length];
    const seq = this.#all.length + 1;
    const old =
      this.#standings.get(write.player) ?? aStanding({ playerId: write.player, seq, version: 0 });
    const moved = write.kind === "score" ? { score: write.score, seq, updatedAt: 1_000 + seq } : {};
    const displayName = write.name ?? old.displayName;
    const standing = { ...old, ...moved, version: old.version + 1, displayName };
    this.#standings.set(write.player, standing);
    this.#all.push(standing);
    return standing;
  }
}

async function runOn(ranking: Ranking, direction: Direction, operations: readonly Operation[]) {
  const board = aBoard(direction);
  await build(ranking, board);
  const plain = new PlainRanking(direction);
  const history = new History();
  let { version } = (await ranking.head(board)) ?? { version: 0 };
  for (const operation of operations) {
    if (operation.kind === "place") {
      const standings = operation.writes.flatMap((write) => history.next(write) ?? []);
      const { isChanged, placements } = plain.place(standings);
      const reply = await ranking.place(board, standings);
      assert.deepEqual(reply.placements, placements);
      assert.equal(reply.epoch, 1);
      if (isChanged) assert.ok(reply.version > version, "the version grows with a change");
      else assert.equal(reply.version, version);
      version = reply.version;
      continue;
    }
    const { limit } = operation;
    const [page, standings] =
      operation.kind === "page"
        ? [await ranking.page(board, operation.offset, limit), plain.page(operation.offset, limit)]
        : [
            await ranking.around(board, operation.player, limit),
            plain.around(operation.player, limit),
          ];
    const { totalPlayers, changedAt, changes } = plain;
    const expected = { epoch: 1, version, totalPlayers, changedAt, changes, standings };
    assert.deepEqual(page, standings === undefined ? undefined : expected);
  }
  await ranking.remove(board.boardNo);
}

for (const kind of backends) {
  describe(`the order of a board in ${kind.name}`, () => {
    let backend: Backend;
    let ranking: Ranking;
    before(async () => {
      backend = await kind.open();
      ranking = await backend.instance();
    });
    after(() => backend?.close());

    it("is that of a sorted list, whatever is written and read", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom<Direction>("descending", "ascending"),
          fc.array(operation, { maxLength: 40, size: "max" }),
          (direction, operations) => runOn(ranking, direction, operations),
        ),
        { numRuns: 150, interruptAfterTimeLimit: 60_000 },
      );
    });

    for (const direction of ["descending", "ascending"] as const) {
      it(`ranks who came first higher among equal scores, ${direction}`, async () => {
        const board = aBoard(direction);
        await build(ranking, board);
        const seqs = [max, 256, 1, 255, 65_536, max - 1, 2 ** 32, 2 ** 32 - 1];
        for (const score of [0, max, -max]) {
          for (const seq of seqs) {
            const id = `${score}/${seq}`;
            await ranking.place(board, [aStanding({ playerId: id, score, seq: seq - 1 })]);
          }
        }
        const { standings } = await ranking.page(board, 0, 100);
        const scores = direction === "descending" ? [max, 0, -max] : [-max, 0, max];
        const bySeq = seqs.toSorted((a, b) => a - b);
        assert.deepEqual(
          standings.map(({ playerId, rank }) => [playerId, rank]),
          scores
            .flatMap((score) => bySeq.map((seq) => `${score}/${seq}`))
            .map((id, index) => [id, index + 1]),
        );
      });
    }

    it("keeps what a standing is, up to the ends of its numbers", async () => {
      const board = aBoard("ascending");
      await build(ranking, board);
      const standing = aStanding({
        playerId: "p".repeat(128),
        score: -max,
        seq: 2 ** 52 + 1,
        version: 2 ** 48 - 1,
        updatedAt: Date.UTC(9999, 0),
        displayName: "🦊".repeat(64),
      });
      await ranking.place(board, [standing]);
      assert.deepEqual((await ranking.page(board, 0, 1)).standings, [{ ...standing, rank: 1 }]);
    });

    it("places more standings than one step takes", async () => {
      const board = aBoard("descending");
      await build(ranking, board);
      const plain = new PlainRanking("descending");
      const standings = Array.from({ length: 1_201 }, (_, index) =>
        aStanding({ playerId: `p${index}`, score: (index * 7_919) % 100, seq: index + 1 }),
      );
      plain.place(standings);
      const { placements } = await ranking.place(board, standings);
      assert.equal(placements.length, standings.length);
      assert.deepEqual((await ranking.page(board, 0, 2_000)).standings, plain.page(0, 2_000));
    });
  });
}
