import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Glides, glideMs } from "./glides.ts";

describe("glides", () => {
  it("start from the place before, in rows", () => {
    const glides = new Glides();
    assert.deepEqual(glides.moved(["a", "b", "c"], 0), []);
    assert.deepEqual(glides.moved(["c", "a", "b"], 50), [
      { index: 0, from: 2 },
      { index: 1, from: -1 },
      { index: 2, from: -1 },
    ]);
  });

  it("are none when nothing moved, and none for rows that are new", () => {
    const glides = new Glides();
    glides.moved(["a", "b"], 0);
    assert.deepEqual(glides.moved(["a", "b"], 50), []);
    assert.deepEqual(glides.moved(["a", "b", "c"], 100), []);
    assert.deepEqual(glides.moved(["d", "b", "c"], 150), []);
  });

  it("go on from where the row is", () => {
    const glides = new Glides();
    glides.moved(["a", "b"], 0);
    glides.moved(["b", "a"], 0);
    const [first] = glides.moved(["a", "b"], glideMs / 2);
    // `a` was one row above its place; an eighth of that was left, and it goes back up by one.
    assert.deepEqual(first, { index: 0, from: 1 - 1 / 8 });
  });

  it("are over after their time", () => {
    const glides = new Glides();
    glides.moved(["a", "b"], 0);
    glides.moved(["b", "a"], 0);
    assert.deepEqual(glides.moved(["a", "b"], glideMs)[0], { index: 0, from: 1 });
  });
});
