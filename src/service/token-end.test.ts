import assert from "node:assert/strict";
import { beforeEach, describe, it, type TestContext } from "node:test";
import { ScoreError } from "../model/score-error.ts";
import type { Call } from "./rooms.ts";
import { whenTokenEnds } from "./token-end.ts";

describe("what a token opened", () => {
  let now: number;
  let refusal: ScoreError | undefined;
  let looks: number;
  let ends: unknown[];
  beforeEach(() => {
    now = 1_000_000;
    refusal = undefined;
    looks = 0;
    ends = [];
  });

  const callUntil = (expiresAt: number): Call => ({
    identity: { subject: "ada", role: "player", games: "*", expiresAt },
    verifyAgain: async () => {
      looks += 1;
      if (refusal) throw refusal;
    },
    address: "::1",
    deadline: undefined,
    signal: new AbortController().signal,
  });
  const open = (test: TestContext, call: Call) => {
    test.mock.timers.enable({ apis: ["setTimeout"] });
    return whenTokenEnds(
      call,
      () => now,
      (error) => ends.push(error),
    );
  };
  const pass = async (test: TestContext, ms: number) => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      now += 1_000;
      test.mock.timers.tick(1_000);
      for (let turns = 0; turns < 5; turns++) await Promise.resolve();
    }
  };
  const codes = () => ends.map((error) => (error as ScoreError).message);

  it("ends when the token does, once", async (test) => {
    open(test, callUntil(now + 45_000));
    await pass(test, 44_000);
    assert.deepEqual(codes(), []);
    await pass(test, 1_000);
    assert.deepEqual(codes(), ["the token has expired"]);
    await pass(test, 60_000);
    assert.equal(ends.length, 1);
  });

  it("ends within 30 s of the day when the token is refused", async (test) => {
    open(test, callUntil(Number.POSITIVE_INFINITY));
    await pass(test, 300_000);
    assert.deepEqual([codes(), looks], [[], 10]);
    refusal = new ScoreError("unauthenticated", "the token is not valid");
    await pass(test, 30_000);
    assert.deepEqual(codes(), ["the token is not valid"]);
  });

  it("goes on while nobody can tell whether the token is good", async (test) => {
    open(test, callUntil(Number.POSITIVE_INFINITY));
    refusal = new ScoreError("keys_unavailable", "the keys can't be fetched");
    await pass(test, 120_000);
    assert.deepEqual(codes(), []);
    refusal = new ScoreError("unauthenticated", "the token is not valid");
    await pass(test, 30_000);
    assert.deepEqual(codes(), ["the token is not valid"]);
  });

  it("is left alone once nobody waits for its end, and without a token", async (test) => {
    const stop = open(test, callUntil(now + 45_000));
    stop();
    whenTokenEnds(
      { ...callUntil(0), identity: undefined },
      () => now,
      (error) => ends.push(error),
    );
    await pass(test, 60_000);
    assert.deepEqual([codes(), looks], [[], 0]);
  });
});
