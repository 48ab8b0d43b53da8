import assert from "node:assert/strict";
import { beforeEach, describe, it, mock } from "node:test";
import { Pace } from "./pace.ts";

const newPace = () => new Pace({ spacingMs: 10, free: 3, longestMs: 50, now: Date.now });

/** How long each of `count` turns at once took. */
async function turns(pace: Pace, caller: string, count: number): Promise<readonly number[]> {
  const waits = Promise.all(Array.from({ length: count }, () => pace.turn(caller)));
  mock.timers.tick(1_000);
  return waits;
}

describe("the pace of a caller", () => {
  beforeEach(() => {
    mock.timers.reset();
    mock.timers.enable({ apis: ["Date", "setTimeout"], now: Date.UTC(2031, 4, 6) });
  });

  it("is free at first, then steady, and never slower than the longest wait", async () => {
    const waits = await turns(newPace(), "eve", 12);
    assert.deepEqual(waits, [0, 0, 0, 0, 10, 20, 30, 40, 50, 50, 50, 50]);
  });

  it("is free again for those who rested", async () => {
    const pace = newPace();
    await turns(pace, "eve", 12);
    assert.deepEqual(await turns(pace, "eve", 5), [0, 0, 0, 0, 10]);
  });

  it("is nobody else's", async () => {
    const pace = newPace();
    const waits = [turns(pace, "eve", 12), turns(pace, "bob", 1)];
    assert.deepEqual((await Promise.all(waits))[1], [0]);
  });

  it("lets no more than 2,000 wait, whoever they are: the others are told at once", async () => {
    const pace = newPace();
    const callers = Array.from({ length: 500 }, (_, n) => turns(pace, `eve-${n}`, 12));
    const waits = (await Promise.all(callers)).flat();
    assert.equal(waits.filter((ms) => ms > 0).length, 2_000);
  });

  it("shows who would have to wait", async () => {
    const pace = newPace();
    assert.ok(!pace.isBehind("eve"));
    const waiting = Promise.all(Array.from({ length: 5 }, () => pace.turn("eve")));
    assert.ok(pace.isBehind("eve"));
    assert.ok(!pace.isBehind("bob"));
    mock.timers.tick(1_000);
    await waiting;
    assert.ok(!pace.isBehind("eve"));
  });

  it("ends a wait when the time is over, and not before", async () => {
    const pace = newPace();
    let done = 0;
    const waiting = Promise.all(
      Array.from({ length: 6 }, () => pace.turn("eve").then(() => (done += 1))),
    );
    for (const [afterMs, expected] of [
      [9, 4],
      [1, 5],
      [10, 6],
    ] as const) {
      mock.timers.tick(afterMs);
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(done, expected);
    }
    await waiting;
  });
});
