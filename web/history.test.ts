import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RaceHistory } from "./race-history.ts";
import { RateHistory } from "./rate-history.ts";

const top = (...scores: [string, number][]) =>
  scores.map(([playerId, score]) => ({ playerId, score: BigInt(score) }));

describe("the history of the race", () => {
  it("takes a point each half second at most", () => {
    const race = new RaceHistory();
    const taken = [0, 499, 500, 999, 1_000].filter((now) => race.add(top(["a", now]), now));
    assert.deepEqual(taken, [0, 500, 1_000]);
    assert.deepEqual(race.points(["a"]), [
      [0, 0.5, 1],
      [0, 500, 1_000],
    ]);
  });

  it("brings the past of a player along who was not drawn yet", () => {
    const race = new RaceHistory();
    race.add(top(["a", 9]), 0);
    race.add(top(["a", 9], ["b", 1]), 500);
    race.add(top(["b", 10], ["a", 9]), 1_000);
    assert.deepEqual(race.points(["b"])[1], [null, 1, 10]);
  });

  it("keeps five minutes, however long the page is open", () => {
    const race = new RaceHistory();
    for (let now = 0; now <= 3_600_000; now += 50) race.add(top(["a", now]), now);
    const [times] = race.points([]);
    assert.equal(times.length, 601);
    assert.equal(times[0], 3_300);
  });

  it("does not join what is on both sides of a broken line", () => {
    const race = new RaceHistory();
    race.add(top(["a", 1]), 0);
    race.interrupt();
    race.interrupt();
    race.add(top(["a", 5]), 9_000);
    assert.deepEqual(race.points(["a"])[1], [1, null, 5]);
  });

  it("starts over when the clock is set back: a chart's time goes one way", () => {
    const race = new RaceHistory();
    race.add(top(["a", 1]), 9_000);
    race.add(top(["a", 2]), 1_000);
    assert.deepEqual(race.points(["a"]), [[1], [2]]);
  });
});

describe("the history of the rate", () => {
  it("divides the changes between two samples by the time between them", () => {
    const rate = new RateHistory();
    for (const [changes, now] of [
      [100n, 0],
      [150n, 400],
      [200n, 500],
      [210n, 2_500],
    ] as const) {
      rate.add(changes, now);
    }
    assert.deepEqual(rate.points(), [
      [0, 0.5, 2.5],
      [null, 200, 5],
    ]);
    assert.equal(rate.current(2_500), 102.5);
  });

  it("does not know the rate across a broken line or of a board that was made anew", () => {
    const rate = new RateHistory();
    rate.add(100n, 0);
    rate.interrupt();
    rate.add(900n, 1_000);
    rate.add(10n, 2_000);
    rate.add(20n, 3_000);
    assert.deepEqual(rate.points()[1], [null, null, null, 10]);
  });

  it("has no current rate when nothing was heard for three seconds", () => {
    const rate = new RateHistory();
    rate.add(0n, 0);
    rate.add(10n, 1_000);
    assert.equal(rate.current(4_000), 10);
    assert.equal(rate.current(4_001), undefined);
  });

  it("is zero for a board that rests, from heartbeat to heartbeat", () => {
    const rate = new RateHistory();
    rate.add(10n, 0);
    rate.add(10n, 15_000);
    assert.equal(rate.current(31_000), 0);
    assert.equal(rate.current(31_001), undefined);
  });

  it("keeps five minutes, however long the page is open", () => {
    const rate = new RateHistory();
    for (let now = 0; now <= 3_600_000; now += 50) rate.add(BigInt(now), now);
    assert.equal(rate.points()[0].length, 601);
  });
});
