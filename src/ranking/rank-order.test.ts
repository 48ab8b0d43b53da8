import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { RankOrder } from "./rank-order.ts";

/** Enough that blocks are split several times, and joined when most rows have left. */
const rows = 12_000;

/** An order of rows by a value that the test may change. */
function orderByValue() {
  const values: number[] = [];
  const order = new RankOrder((a, b) => (values[a] ?? 0) - (values[b] ?? 0) || a - b);
  const sorted = (members: Iterable<number>) =>
    [...members].sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0) || a - b);
  return { values, order, sorted };
}

/** Numbers that look random and are the same in each run. */
function mixed(n: number): number {
  return Math.imul(n ^ 0x5bd1e995, 0x01000193) >>> 8;
}

describe("an order of rows", () => {
  it("is empty at first", () => {
    const { order } = orderByValue();
    assert.equal(order.size, 0);
    assert.deepEqual(order.range(0, 10), []);
    assert.equal(order.rankOf(3), -1);
    assert.equal(order.delete(3), false);
  });

  for (const [kind, rankingValue] of [
    ["in order", (n: number) => n],
    ["in reverse", (n: number) => -n],
    ["at random", mixed],
    ["with the same value", () => 0],
  ] as const) {
    it(`ranks rows that came ${kind}, and those that are left when others leave`, () => {
      const { values, order, sorted } = orderByValue();
      const members = new Set<number>();
      for (let row = 0; row < rows; row++) {
        values[row] = rankingValue(row);
        order.add(row);
        members.add(row);
      }
      assertOrder(order, sorted(members));
      for (let row = 0; row < rows; row++) {
        if (mixed(row) % 50 === 0) continue;
        assert.equal(order.delete(row), true);
        members.delete(row);
      }
      assertOrder(order, sorted(members));
      for (const row of [...members]) {
        assert.equal(order.delete(row), true);
        members.delete(row);
      }
      assertOrder(order, []);
      order.add(7);
      assertOrder(order, [7]);
    });
  }

  it("is that of a plain sort after any moves", () => {
    const move = fc.record({
      row: fc.nat({ max: rows - 1 }),
      value: fc.nat({ max: rows }),
      stays: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(move, { maxLength: 200 }), fc.nat({ max: rows }), (moves, first) => {
        const { values, order, sorted } = orderByValue();
        const members = new Set<number>();
        for (let row = 0; row < first; row++) {
          values[row] = mixed(row) % rows;
          order.add(row);
          members.add(row);
        }
        for (const { row, value, stays } of moves) {
          assert.equal(order.delete(row), members.delete(row));
          values[row] = value;
          if (!stays) continue;
          order.add(row);
          members.add(row);
        }
        assertOrder(order, sorted(members));
      }),
      { numRuns: 30 },
    );
  });

  it("says so when a row is not in its place", () => {
    const { values, order } = orderByValue();
    for (const row of [0, 1, 2]) {
      values[row] = row;
      order.add(row);
    }
    values[0] = 5;
    assert.equal(order.rankOf(0), -1);
    assert.equal(order.delete(0), false);
    assert.equal(order.size, 3);
  });
});

function assertOrder(order: RankOrder, expected: readonly number[]): void {
  assert.equal(order.size, expected.length);
  assert.deepEqual(order.range(0, expected.length + 1), expected);
  for (const [rank, row] of expected.entries()) {
    if (rank % 97 === 0 || expected.length < 500) assert.equal(order.rankOf(row), rank);
  }
  const middle = expected.length >> 1;
  assert.deepEqual(order.range(middle, 300), expected.slice(middle, middle + 300));
  assert.deepEqual(order.range(expected.length, 5), []);
}
