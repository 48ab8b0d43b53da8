import assert from "node:assert/strict";
import { it } from "node:test";
import type { Standing } from "../model/standing.ts";
import { StandingTable } from "./standing-table.ts";

const standingOf = (row: number, version: number): Standing => ({
  playerId: `p${row}`,
  score: (row % 2 === 0 ? 1 : -1) * (Number.MAX_SAFE_INTEGER - row),
  seq: 2 ** 40 + row,
  version,
  updatedAt: 1_795_290_311_620 + row,
  displayName: row % 3 === 0 ? undefined : `Player ${row} v${version}`,
});

it("a table of standings keeps each in its row, the newest of it, however many there are", () => {
  const table = new StandingTable();
  const rows = 40_000;
  for (let row = 0; row < rows; row++) assert.equal(table.add(standingOf(row, 1)), row);
  for (let row = 0; row < rows; row += 7) table.set(row, standingOf(row, 2));
  assert.equal(table.size, rows);
  for (let row = 0; row < rows; row++) {
    const expected = standingOf(row, row % 7 === 0 ? 2 : 1);
    assert.deepEqual(table.get(row), expected);
    assert.deepEqual(table.place(row), { score: expected.score, seq: expected.seq });
    assert.equal(table.playerId(row), expected.playerId);
    assert.equal(table.version(row), expected.version);
  }
});
