import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { News } from "./news.ts";
import type { Row } from "./rows.ts";

const rows = (...players: [string, number][]): Row[] =>
  players.map(([name, score], index) => ({
    playerId: name.toLowerCase(),
    name,
    rank: index + 1,
    score: BigInt(score),
    updatedAt: 0,
    movement: undefined,
    tie: undefined,
    isMe: false,
  }));

describe("news", () => {
  it("begin with the leader", () => {
    const news = new News();
    assert.equal(news.of([], 0), undefined);
    assert.deepEqual(news.of(rows(["Ada", 9], ["Bo", 5]), 0), {
      leader: "Ada",
      score: 9n,
      moved: 0,
    });
  });

  it("tell of moves at most each 5 s, and of all since the last headline", () => {
    const news = new News();
    news.of(rows(["Ada", 9], ["Bo", 5], ["Cy", 1]), 0);
    assert.equal(news.of(rows(["Bo", 10], ["Ada", 9], ["Cy", 1]), 4_999), undefined);
    assert.equal(news.of(rows(["Bo", 10], ["Ada", 9], ["Cy", 1]), 5_000)?.moved, 2);
    assert.equal(news.of(rows(["Ada", 11], ["Bo", 10], ["Cy", 1]), 9_999), undefined);
    assert.deepEqual(news.of(rows(["Ada", 11], ["Bo", 10], ["Cy", 1]), 10_000), {
      leader: "Ada",
      score: 11n,
      moved: 2,
    });
  });

  it("are rare when only scores change, and none when nothing does", () => {
    const news = new News();
    news.of(rows(["Ada", 9]), 0);
    assert.equal(news.of(rows(["Ada", 10]), 29_999), undefined);
    assert.equal(news.of(rows(["Ada", 10]), 30_000)?.score, 10n);
    assert.equal(news.of(rows(["Ada", 10]), 600_000), undefined);
  });

  it("look at the first ten only", () => {
    const ten = "ABCDEFGHIJ".split("").map((name): [string, number] => [name, 9]);
    const news = new News();
    news.of(rows(...ten, ["K", 2], ["L", 1]), 0);
    assert.equal(news.of(rows(...ten, ["L", 3], ["K", 2]), 6_000), undefined);
  });
});
