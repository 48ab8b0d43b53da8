import assert from "node:assert/strict";
import { beforeEach, describe, it, mock } from "node:test";
import { type ErrorCode, isScoreError } from "../model/score-error.ts";
import { RateLimits } from "./rate-limits.ts";

function newLimits(playerUpdatesPerSecond = 5, anonymousCallsPerSecond = 3): RateLimits {
  const limits = { playerUpdatesPerSecond, anonymousCallsPerSecond };
  return new RateLimits({ redis: undefined, prefix: "test", now: Date.now, ...limits });
}

/** Refused with a wait of more than 0 and at most `longestMs`. */
function refused(code: ErrorCode, longestMs: number) {
  return (error: unknown) => {
    assert.ok(isScoreError(error, code), String(error));
    const { retryAfterMs = Number.NaN } = error;
    assert.ok(retryAfterMs > 0 && retryAfterMs <= longestMs, `retryAfterMs ${retryAfterMs}`);
    return true;
  };
}

async function times(count: number, call: () => Promise<void>): Promise<void> {
  for (let n = 0; n < count; n++) await call();
}

/** The clock stands unless a test moves it. */
beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["Date", "setTimeout"], now: Date.UTC(2031, 4, 6) });
});

describe("the updates of a player", () => {
  it("are refused from the 6th in a second on", async () => {
    const limits = newLimits();
    await times(5, () => limits.update("chess", "ada"));
    await assert.rejects(limits.update("chess", "ada"), refused("rate_limited", 1_000));
    await assert.rejects(limits.update("chess", "ada"), refused("rate_limited", 1_000));
  });

  it("are taken again after the wait that a refusal names", async () => {
    const limits = newLimits();
    await times(5, () => limits.update("chess", "ada"));
    mock.timers.tick(400);
    const refusal: unknown = await limits.update("chess", "ada").catch((error) => error);
    assert.ok(isScoreError(refusal, "rate_limited"));
    assert.equal(refusal.retryAfterMs, 600);
    mock.timers.tick(599);
    await assert.rejects(limits.update("chess", "ada"), refused("rate_limited", 1));
    mock.timers.tick(1);
    await times(5, () => limits.update("chess", "ada"));
  });

  it("don't count for another player, nor in another game", async () => {
    const limits = newLimits();
    await times(5, () => limits.update("chess", "ada"));
    await times(5, () => limits.update("chess", "bob"));
    await times(5, () => limits.update("go", "ada"));
    await assert.rejects(limits.update("chess", "ada"), refused("rate_limited", 1_000));
  });

  it("that come at once are counted one by one", async () => {
    const limits = newLimits();
    const calls = Array.from({ length: 20 }, () => limits.update("chess", "ada"));
    const ends = await Promise.allSettled(calls);
    assert.equal(ends.filter(({ status }) => status === "fulfilled").length, 5);
  });

  it("have no limit with 0", async () => {
    const limits = newLimits(0);
    await times(1_000, () => limits.update("chess", "ada"));
  });
});

describe("the calls of an address without a valid token", () => {
  it("are refused above the limit, for this address alone", async () => {
    const limits = newLimits();
    await times(3, () => limits.anonymousCall("192.0.2.1"));
    const refusal = refused("rate_limited", 1_000);
    await assert.rejects(limits.anonymousCall("192.0.2.1"), refusal);
    await times(3, () => limits.anonymousCall("192.0.2.2"));
    mock.timers.tick(1_000);
    await limits.anonymousCall("192.0.2.1");
  });

  it("have no limit with 0", async () => {
    const limits = newLimits(5, 0);
    await times(1_000, () => limits.anonymousCall("192.0.2.1"));
  });

  it("don't count as updates of a player", async () => {
    const limits = newLimits();
    await times(3, () => limits.anonymousCall("chess/ada"));
    await times(5, () => limits.update("chess", "ada"));
  });
});

describe("the refusals of a flood", () => {
  const settledOf = (calls: readonly Promise<void>[]) => {
    const state = { refused: 0 };
    for (const call of calls) call.catch(() => (state.refused += 1));
    return state;
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));

  it("leave at once up to the 100th in a row, then 10 ms apart and within 5 s", async () => {
    const limits = newLimits();
    const calls = Array.from({ length: 5 + 1_000 }, () => limits.update("chess", "eve"));
    const state = settledOf(calls);
    await settle();
    assert.equal(state.refused, 101);
    mock.timers.tick(100);
    await settle();
    assert.equal(state.refused, 111);
    mock.timers.tick(4_900);
    await settle();
    assert.equal(state.refused, 1_000);
  });

  it("don't hold up what others are refused, or what is accepted", async () => {
    const limits = newLimits();
    const flood = settledOf(Array.from({ length: 1_000 }, () => limits.update("chess", "eve")));
    await times(5, () => limits.update("chess", "bob"));
    await assert.rejects(limits.update("chess", "bob"), refused("rate_limited", 1_000));
    mock.timers.tick(1_000);
    await limits.update("chess", "eve");
    assert.ok(flood.refused < 995);
    mock.timers.tick(4_000);
  });

  it("say how long to wait from then on", async () => {
    const limits = newLimits();
    const calls = Array.from({ length: 5 + 121 }, () => limits.update("chess", "eve"));
    const last = calls.at(-1)?.catch((error) => error);
    settledOf(calls);
    await settle();
    mock.timers.tick(200);
    const refusal = await last;
    assert.ok(isScoreError(refusal, "rate_limited"));
    assert.equal(refusal.retryAfterMs, 800);
  });

  it("let a token from that address be checked within a second, and others at once", async () => {
    const limits = newLimits();
    settledOf(Array.from({ length: 1_000 }, () => limits.anonymousCall("192.0.2.1")));
    await settle();
    let checked = 0;
    const checks = Array.from({ length: 2_000 }, () =>
      limits.tokenCheck("192.0.2.1").then(() => (checked += 1)),
    );
    await limits.tokenCheck("192.0.2.2");
    mock.timers.tick(499);
    await settle();
    assert.equal(checked, 500);
    mock.timers.tick(501);
    await Promise.all(checks);
    mock.timers.tick(5_000);
  });

  it("are one flood from all addresses of an IPv6 network", async () => {
    const limits = newLimits();
    await times(3, () => limits.anonymousCall("2001:db8::1"));
    const refusal = refused("rate_limited", 1_000);
    await assert.rejects(limits.anonymousCall("2001:db8::ffff:2"), refusal);
    await limits.anonymousCall("2001:db8:0:1::1");
  });
});

describe("the actions of a player", () => {
  it("are refused above their number in a minute", async () => {
    const limits = newLimits();
    const win = () => limits.action("chess", "ada", "win", 2);
    await times(2, win);
    await assert.rejects(win(), refused("action_limited", 60_000));
    mock.timers.tick(59_999);
    await assert.rejects(win(), refused("action_limited", 1));
    mock.timers.tick(1);
    await times(2, win);
  });

  it("count by game, player and action", async () => {
    const limits = newLimits();
    await limits.action("chess", "ada", "win", 1);
    await limits.action("go", "ada", "win", 1);
    await limits.action("chess", "bob", "win", 1);
    await limits.action("chess", "ada", "draw", 1);
    const again = limits.action("chess", "ada", "win", 1);
    await assert.rejects(again, refused("action_limited", 60_000));
  });

  it("name the action and its limit when refused", async () => {
    const limits = newLimits();
    await limits.action("chess", "ada", "win", 1);
    const again = limits.action("chess", "ada", "win", 1);
    await assert.rejects(again, { message: "win may be done 1 times a minute" });
  });

  it("have no limit with 0", async () => {
    const limits = newLimits();
    await times(1_000, () => limits.action("chess", "ada", "win", 0));
  });
});
