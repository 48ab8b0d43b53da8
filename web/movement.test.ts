import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RankMemory } from "./movement.ts";

const order = (...ids: string[]) => ids.map((playerId, index) => ({ playerId, rank: index + 1 }));

describe("movement", () => {
  it("compares with the first order seen until a minute has passed", () => {
    const memory = new RankMemory("new");
    memory.remember(order("a", "b", "c"), 0);
    memory.remember(order("c", "a", "b"), 30_000);
    assert.equal(memory.movement({ playerId: "c", rank: 1 }), 2);
    assert.equal(memory.movement({ playerId: "a", rank: 2 }), -1);
    assert.equal(memory.movement({ playerId: "b", rank: 2 }), 0);
    assert.equal(memory.movement({ playerId: "d", rank: 4 }), "new");
  });

  it("compares with the order of a minute ago from then on", () => {
    const memory = new RankMemory("new");
    memory.remember(order("a", "b"), 0);
    for (let at = 10_000; at <= 69_000; at += 1_000) memory.remember(order("b", "a"), at);
    assert.equal(memory.movement({ playerId: "b", rank: 1 }), 1);
    memory.remember(order("b", "a"), 70_000);
    assert.equal(memory.movement({ playerId: "b", rank: 1 }), 0);
  });

  it("starts over after a sleep", () => {
    const memory = new RankMemory("new");
    memory.remember(order("a", "b"), 0);
    memory.remember(order("b", "a"), 3_600_000);
    assert.equal(memory.movement({ playerId: "b", rank: 1 }), 0);
  });

  it("starts over when the clock is set back", () => {
    const memory = new RankMemory("new");
    memory.remember(order("a", "b"), 3_600_000);
    memory.remember(order("b", "a"), 0);
    assert.equal(memory.movement({ playerId: "b", rank: 1 }), 0);
  });

  it("says nothing of players that were not shown, where that is no news", () => {
    const memory = new RankMemory(undefined);
    memory.remember(order("a"), 0);
    assert.equal(memory.movement({ playerId: "b", rank: 2 }), undefined);
  });
});
