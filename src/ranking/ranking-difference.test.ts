import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Standing } from "../model/standing.ts";
import type { Held } from "./holdings.ts";
import { differenceOf } from "./ranking-difference.ts";

const at = (version: number): Standing => ({
  playerId: "ann",
  score: 10 * version,
  seq: version,
  version,
  updatedAt: 1_000.5,
  displayName: undefined,
});

/** What the verdict is: `kind` and the differing fields, or `right`. */
function verdict(before?: Standing, held?: Held, after?: Standing): string {
  const found = differenceOf({ playerId: "ann", standing: before }, held, after);
  return found ? [found.kind, ...found.fields].join(" ") : "right";
}

describe("what a ranking holds of a player", () => {
  it("is right when it is what the ledger had or has, or a state between", () => {
    for (const version of [2, 3, 4]) assert.equal(verdict(at(2), at(version), at(4)), "right");
    assert.equal(verdict(undefined, undefined, at(1)), "right");
    assert.equal(verdict(undefined, at(1), at(1)), "right");
    assert.equal(verdict(undefined, undefined, undefined), "right");
  });

  it("is right to the ms", () => {
    assert.equal(verdict(at(2), { ...at(2), updatedAt: 1_000 }, at(2)), "right");
    assert.equal(verdict(at(2), { ...at(2), updatedAt: 1_001 }, at(2)), "other updated_at");
  });

  it("is wrong when it is older than what the ledger had, or newer than what it has", () => {
    assert.equal(verdict(at(2), at(1), at(2)), "other score seq version");
    assert.equal(verdict(at(2), at(3), at(2)), "other score seq version");
    assert.equal(verdict(at(2), undefined, at(2)), "missing");
    assert.equal(verdict(undefined, at(1), undefined), "surplus");
  });

  it("is wrong when it differs from the standing of its version", () => {
    assert.equal(verdict(at(2), { ...at(2), score: 7 }, at(2)), "other score");
    assert.equal(verdict(at(2), { ...at(2), score: 7 }, at(3)), "other score");
    assert.equal(verdict(at(1), { ...at(2), seq: 7 }, at(2)), "other seq");
    assert.equal(verdict(at(2), { ...at(2), displayName: "Ann" }, at(2)), "other display_name");
  });

  it("is wrong without a place, whatever its version", () => {
    const version = (version: number) => ({ ...at(version), score: undefined });
    assert.equal(verdict(at(2), version(2), at(4)), "other place");
    assert.equal(verdict(at(2), version(3), at(4)), "other place seq version");
  });
});
