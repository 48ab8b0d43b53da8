import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Slots } from "./slots.ts";
import { spread } from "./spread.ts";

describe("slots", () => {
  it("stay with their players whatever the order, and go to newcomers when free", () => {
    const slots = new Slots(3);
    assert.deepEqual(slots.assign(["a", "b", "c"]), ["a", "b", "c"]);
    assert.deepEqual(slots.assign(["c", "b", "a"]), ["a", "b", "c"]);
    assert.deepEqual(slots.assign(["d", "c", "a"]), ["a", "d", "c"]);
    assert.deepEqual(slots.assign(["c"]), [undefined, undefined, "c"]);
  });
});

describe("marks that are spread", () => {
  it("stay where they are when there is room", () => {
    assert.deepEqual(spread([0, 10, 30], 10), [0, 10, 30]);
    assert.deepEqual(spread([], 10), []);
  });

  it("move apart around their middle and leave the others alone", () => {
    assert.deepEqual(spread([0, 50, 50, 53], 10), [0, 41, 51, 61]);
  });

  it("push on who is next to them", () => {
    assert.deepEqual(spread([0, 0, 9], 10), [-7, 3, 13]);
  });

  it("keep an order that runs upwards", () => {
    assert.deepEqual(spread([30, 10, 10], 10), [30, 15, 5]);
  });
});
