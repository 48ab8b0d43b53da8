import assert from "node:assert/strict";
import { it } from "node:test";
import { StacklessError } from "./stackless-error.ts";

it("an error that is an answer has no stack, and leaves those of others as they are", () => {
  const cause = new Error("why");
  const error = new StacklessError("what", { cause });
  assert.equal(error.message, "what");
  assert.equal(error.cause, cause);
  assert.doesNotMatch(error.stack ?? "", /\n/);
  assert.match(new Error("other").stack ?? "", /stackless-error\.test/);
});
