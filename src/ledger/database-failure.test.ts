import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ScoreError } from "../model/score-error.ts";
import { databaseFailure, ledgerUnavailable, reading } from "./database-failure.ts";

const withCode = (code: unknown) => Object.assign(new Error("it failed"), { code });

describe("a failed statement", () => {
  const sorted = {
    data: ["22003", "22021", "22P02", "23502", "23505", "23514"],
    conflict: ["40001", "40P01", "55P03"],
    unavailable: ["08006", "25006", "53300", "53100", "57014", "57P01", "57P03", "58030"],
    bug: ["42P01", "42601", "26000", "0A000", "25P02", "XX000"],
  };
  for (const [failure, codes] of Object.entries(sorted)) {
    it(`with SQLSTATE ${codes.join(", ")} is ${failure}`, () => {
      for (const code of codes) assert.equal(databaseFailure(withCode(code)), failure, code);
    });
  }

  it("that the network or the client gave up is unavailable", () => {
    for (const code of ["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", undefined, 7]) {
      assert.equal(databaseFailure(withCode(code)), "unavailable", String(code));
    }
    assert.equal(databaseFailure(new Error("Query read timeout")), "unavailable");
  });

  it("that this program got wrong is a bug", () => {
    for (const error of [new TypeError(), new RangeError(), new ReferenceError()]) {
      assert.equal(databaseFailure(error), "bug", error.name);
    }
  });
});

describe("a read", () => {
  it("gives what the query gives", async () => {
    assert.equal(await reading(async () => 7), 7);
  });

  it("that failed for now is ledger_unavailable, says when to try again and keeps the cause", async () => {
    for (const code of ["57P01", "40001", "ECONNREFUSED"]) {
      const cause = withCode(code);
      await assert.rejects(
        reading(() => Promise.reject(cause)),
        (error) => {
          assert.ok(error instanceof ScoreError);
          assert.deepEqual(
            [error.code, error.retryAfterMs, error.cause],
            ["ledger_unavailable", 1_000, cause],
          );
          return true;
        },
      );
    }
  });

  it("that is wrong fails as it did", async () => {
    const cause = withCode("42P01");
    await assert.rejects(
      reading(() => Promise.reject(cause)),
      (error) => error === cause,
    );
  });
});

it("an unavailable ledger tells strangers nothing of its cause", () => {
  const error = ledgerUnavailable(new Error("connect 10.0.0.7:5432"));
  assert.doesNotMatch(error.message, /10\.0/);
});
