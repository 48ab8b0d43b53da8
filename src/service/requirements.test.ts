import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ScoreError } from "../model/score-error.ts";
import { Requirements } from "./requirements.ts";

/** The descriptions of what `ask` refuses. */
function refused(ask: (required: Requirements) => void): string[] {
  const required = new Requirements();
  ask(required);
  try {
    required.check();
    return [];
  } catch (error) {
    assert.ok(error instanceof ScoreError);
    return error.violations.map(({ description }) => description);
  }
}

describe("requirements", () => {
  it("take 1 to 128 letters, digits and -_.:@ as an identifier", () => {
    const alphabet = "must have 1 to 128 characters out of letters, digits and -_.:@";
    for (const id of ["a", "Z9", "a-b_c.d:e@f", "x".repeat(128)]) {
      assert.deepEqual(
        refused((required) => required.identifier("id", id)),
        [],
        id,
      );
    }
    for (const id of ["a b", "a/b", "é", "a\n", "\u0000", "x".repeat(129), "🦊"]) {
      assert.deepEqual(
        refused((required) => required.identifier("id", id)),
        [alphabet],
        id,
      );
    }
    assert.deepEqual(
      refused((required) => required.identifier("id", "")),
      ["is required"],
    );
    assert.deepEqual(
      refused((required) => required.optionalIdentifier("id", "")),
      [],
    );
    assert.deepEqual(
      refused((required) => required.optionalIdentifier("id", "a b")),
      [alphabet],
    );
  });

  it("take 1 to 64 characters of any script as a name, and no control characters", () => {
    for (const name of ["a", "名前", "a b", "🦊".repeat(64), "e\u0301", "\u200d"]) {
      assert.deepEqual(
        refused((required) => required.name("name", name)),
        [],
        name,
      );
    }
    const wrong = ["", "🦊".repeat(65), "a\tb", "a\u0000", "\u007f", "\u009f", "a\u2028", "\u2029"];
    for (const name of [...wrong, "\ud83e"]) {
      assert.equal(refused((required) => required.name("name", name)).length, 1, name);
    }
  });

  it("take points within ±(2^53 − 1)", () => {
    const most = 2n ** 53n - 1n;
    for (const points of [0n, most, -most]) {
      assert.deepEqual(
        refused((required) => required.points("points", points)),
        [],
      );
    }
    for (const points of [most + 1n, -most - 1n, 2n ** 63n - 1n, -(2n ** 63n)]) {
      assert.equal(refused((required) => required.points("points", points)).length, 1);
    }
  });

  it("take numbers within their bounds", () => {
    for (const value of [1, 100]) {
      assert.deepEqual(
        refused((required) => required.within("limit", value, 1, 100)),
        [],
      );
    }
    for (const value of [0, 101, -1]) {
      assert.deepEqual(
        refused((required) => required.within("limit", value, 1, 100)),
        ["must be 1 to 100"],
      );
    }
  });

  it("name every refused field, in the order in which they were asked for", () => {
    const required = new Requirements();
    required.identifier("game_id", "");
    required.identifier("player_id", "ada");
    required.refuse("points", "or action is required");
    assert.throws(() => required.check(), {
      code: "invalid_request",
      message: "game_id is required; points or action is required",
      violations: [
        { field: "game_id", description: "is required" },
        { field: "points", description: "or action is required" },
      ],
    });
  });
});
