import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Choice, choiceOf, isPlayerId, isSameBoard, searchOf } from "./choice.ts";

const id = fc.stringMatching(/^[A-Za-z0-9\-_.:@]{1,40}$/).filter(isPlayerId);

describe("a choice", () => {
  it("reads back from its own address", () => {
    const choices: fc.Arbitrary<Choice> = fc.record({
      gameId: fc.string({ minLength: 1, unit: "grapheme" }),
      boardId: fc.oneof(fc.constant(""), id),
      limit: fc.integer({ min: 1, max: 100 }),
      me: fc.oneof(fc.constant(""), id),
      display: fc.constantFrom("page", "tv"),
    });
    fc.assert(
      fc.property(choices, (choice) => assert.deepEqual(choiceOf(searchOf(choice)), { ...choice })),
    );
  });

  it("takes defaults for what is absent or no possible limit", () => {
    const plain = { gameId: "demo", boardId: "", limit: 10, me: "", display: "page" };
    for (const search of ["", "?limit=0", "?limit=101", "?limit=7.5", "?limit=x&display=wall"]) {
      assert.deepEqual(choiceOf(search), plain);
    }
  });

  it("keeps a token out of `me`", () => {
    const token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.c2ln";
    assert.equal(choiceOf(`?me=${token}`).me, "");
    assert.equal(choiceOf("?me=a.b.c").me, "a.b.c");
  });

  it("is the same board for another spectator, and another one for another length", () => {
    const choice = choiceOf("?game=a&board=b&limit=5");
    assert.ok(isSameBoard(choice, { ...choice, me: "ada", display: "tv" }));
    assert.ok(!isSameBoard(choice, { ...choice, limit: 6 }));
  });
});
