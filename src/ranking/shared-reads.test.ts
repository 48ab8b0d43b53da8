import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { SharedReads } from "./shared-reads.ts";

describe("shared reads", () => {
  let reads: SharedReads<number>;
  /** The reads that began. */
  let began: PromiseWithResolvers<number>[];
  beforeEach(() => {
    reads = new SharedReads();
    began = [];
  });
  const ask = (key = "top") =>
    reads.read(key, () => {
      const read = Promise.withResolvers<number>();
      began.push(read);
      return read.promise;
    });
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it("begins at once when nobody else reads", () => {
    ask();
    assert.equal(began.length, 1);
  });

  it("gives all who ask meanwhile the next read, which begins after they asked", async () => {
    const first = ask();
    const others = [ask(), ask(), ask()];
    assert.equal(began.length, 1, "one at a time");
    began[0]?.resolve(1);
    assert.equal(await first, 1);
    await settled();
    assert.equal(began.length, 2, "one for them all");
    const later = ask();
    began[1]?.resolve(2);
    assert.deepEqual(await Promise.all(others), [2, 2, 2]);
    await settled();
    began[2]?.resolve(3);
    assert.equal(await later, 3, "who asked when it had begun has a later one");
  });

  it("begins anew after the last one has ended", async () => {
    const first = ask();
    began[0]?.resolve(1);
    await first;
    await settled();
    const second = ask();
    assert.equal(began.length, 2);
    began[1]?.resolve(2);
    assert.equal(await second, 2);
  });

  it("tells those who share a read that fails, and nobody else", async () => {
    const [first, second, third] = [ask(), ask(), ask()];
    began[0]?.reject(new Error("gone"));
    await assert.rejects(first, /gone/);
    await settled();
    began[1]?.reject(new Error("still gone"));
    await assert.rejects(second, /still gone/);
    await assert.rejects(third, /still gone/);
    await settled();
    const later = ask();
    began[2]?.resolve(3);
    assert.equal(await later, 3);
  });

  it("lets reads of different kinds go side by side", () => {
    ask("top");
    ask("below");
    assert.equal(began.length, 2);
  });
});
