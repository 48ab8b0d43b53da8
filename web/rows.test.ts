import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { EntrySchema } from "../gen/score/v1/score_pb.js";
import { RankMemory } from "./movement.ts";
import { Rows } from "./rows.ts";
import { tiesOf } from "./ties.ts";

const entry = (playerId: string, rank: number, score: number, displayName = playerId) =>
  create(EntrySchema, {
    playerId,
    displayName,
    rank: BigInt(rank),
    score: BigInt(score),
    updatedAt: timestampFromMs(1_000 + score),
  });

describe("ties", () => {
  it("mark exactly the scores that a neighbour shares", () => {
    assert.deepEqual(tiesOf([9n, 7n, 7n, 7n, 5n, 3n, 3n]), [
      undefined,
      "first",
      "middle",
      "last",
      undefined,
      "first",
      "last",
    ]);
  });

  it("are closed brackets", () => {
    const scores = fc.array(fc.bigInt(0n, 3n));
    fc.assert(
      fc.property(scores, (list) => {
        const ties = tiesOf(list).join(" ");
        assert.match(` ${ties} `, /^( +(first (middle )*last)?)* *$/);
      }),
    );
  });
});

describe("rows", () => {
  const rows = () => new Rows(new RankMemory("new"));

  it("are the same objects while they look the same", () => {
    const table = rows();
    const before = table.of([entry("a", 1, 9), entry("b", 2, 5)], "", 0);
    const after = table.of([entry("a", 1, 9), entry("b", 2, 6)], "", 50);
    assert.equal(after[0], before[0]);
    assert.notEqual(after[1], before[1]);
    assert.equal(after[1]?.score, 6n);
    assert.equal(after[1]?.updatedAt, 1_006);
  });

  it("change with a neighbour that makes a tie, a new name, and who looks", () => {
    const table = rows();
    const [, before] = table.of([entry("a", 1, 9), entry("b", 2, 5)], "", 0);
    const [, tied] = table.of([entry("a", 1, 5), entry("b", 2, 5)], "", 50);
    assert.deepEqual([before?.tie, tied?.tie], [undefined, "last"]);
    const [, named] = table.of([entry("a", 1, 5), entry("b", 2, 5, "Bo")], "", 100);
    assert.equal(named?.name, "Bo");
    const [, mine] = table.of([entry("a", 1, 5), entry("b", 2, 5, "Bo")], "b", 150);
    assert.equal(mine?.isMe, true);
  });
});
