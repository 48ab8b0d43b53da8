import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { systemTimers } from "../model/timers.ts";
import { GroupCommit, type GroupCommitOptions, type Outcome } from "./group-commit.ts";

/** A key, whose first letter is its order. */
type Item = string;

/** A batch under way. */
interface Batch {
  readonly items: readonly Item[];
  /** Each item with itself as its value, or as given. */
  end(outcomes?: readonly Outcome<string>[]): void;
  fail(error: unknown): void;
}

/** A group whose batches the test ends. */
function openGroup(options: Partial<GroupCommitOptions<Item, string>> = {}) {
  const batches: Batch[] = [];
  const underWay = new Set<Batch>();
  let onSent = () => {};
  const group = new GroupCommit<Item, string>({
    commit: (items) => {
      const { promise, resolve, reject } = Promise.withResolvers<readonly Outcome<string>[]>();
      const batch: Batch = {
        items,
        end: (outcomes = items.map((value) => ({ value }))) => resolve(outcomes),
        fail: reject,
      };
      batches.push(batch);
      underWay.add(batch);
      onSent();
      return promise.finally(() => underWay.delete(batch));
    },
    keyOf: (item) => item,
    orderOf: (item) => item.charAt(0),
    maxQueued: 1_000,
    maxBatch: 100,
    maxInFlight: 1,
    maxWaitMs: 1_000,
    now: () => 0,
    timers: systemTimers,
    ...options,
  });
  return {
    group,
    batches,
    underWay,
    submit: (...items: Item[]) => items.map((item) => group.submit(item)),
    /** The batch that is, or will be, the `n`th to be sent, from 0. */
    async batch(n: number): Promise<Batch> {
      for (;;) {
        const found = batches[n];
        if (found) return found;
        await new Promise<void>((resolve) => {
          onSent = resolve;
        });
      }
    },
  };
}

/** Whatever was about to be sent has been sent. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await nextTurn();
}

describe("a group commit", () => {
  it("sends a lone item at once and what comes meanwhile together as the next batch", async () => {
    const told: number[][] = [];
    const onBatch = (size: number, queued: number) => told.push([size, queued]);
    const { group, submit, batch } = openGroup({ maxBatch: 2, onBatch });
    const sent = submit("a");
    const first = await batch(0);
    sent.push(...submit("b", "c", "d"));
    await quiet();
    assert.equal(group.queued, 3);
    first.end();
    (await batch(1)).end();
    (await batch(2)).end();
    assert.deepEqual(await Promise.all(sent), ["a", "b", "c", "d"]);
    assert.deepEqual(told, [
      [1, 0],
      [2, 1],
      [1, 0],
    ]);
  });

  it("gives each item its own outcome, and the whole batch a rejection", async () => {
    const { submit, batch } = openGroup();
    const wrong = new Error("wrong");
    const outcomes = Promise.allSettled(submit("a", "b", "c"));
    (await batch(0)).end([{ value: "A" }, { error: wrong }]);
    assert.deepEqual(await outcomes, [
      { status: "fulfilled", value: "A" },
      { status: "rejected", reason: wrong },
      { status: "rejected", reason: new Error("a batch lost an item") },
    ]);
    const next = Promise.allSettled(submit("d", "e"));
    (await batch(1)).fail(wrong);
    assert.deepEqual(await next, [
      { status: "rejected", reason: wrong },
      { status: "rejected", reason: wrong },
    ]);
  });

  it("never lets two items with one key share a batch", async () => {
    const { submit, batch } = openGroup();
    const sent = submit("a", "b", "a", "c");
    assert.deepEqual((await batch(0)).items, ["a", "b", "c"]);
    (await batch(0)).end();
    assert.deepEqual((await batch(1)).items, ["a"]);
    (await batch(1)).end();
    await Promise.all(sent);
  });

  it("lets an item wait while a batch holds one of its order, and others pass", async () => {
    const { submit, batch, batches } = openGroup({ maxInFlight: 2, maxBatch: 3 });
    const sent = submit("a1", "a2", "a3", "a4", "b5", "a6", "c7");
    assert.deepEqual((await batch(0)).items, ["a1", "a2", "a3"]);
    assert.deepEqual((await batch(1)).items, ["b5", "c7"]);
    (await batch(1)).end();
    await quiet();
    assert.equal(batches.length, 2);
    (await batch(0)).end();
    assert.deepEqual((await batch(2)).items, ["a4", "a6"]);
    (await batch(2)).end();
    await Promise.all(sent);
  });

  it("refuses at once when the queue is full", async () => {
    const { submit, group, batch } = openGroup({ maxQueued: 2 });
    const refusal = { code: "ledger_busy", retryAfterMs: 250 };
    const sent = submit("a", "b");
    await assert.rejects(group.submit("c"), refusal);
    const first = await batch(0);
    sent.push(...submit("d", "e"));
    await assert.rejects(group.submit("f"), refusal);
    first.end();
    (await batch(1)).end();
    assert.deepEqual(await Promise.all(sent), ["a", "b", "d", "e"]);
  });

  it("refuses what waited past its deadline, or too long, before it is sent", async () => {
    let time = 0;
    const { submit, group, batch } = openGroup({ now: () => time, maxWaitMs: 100 });
    const sent = group.submit("sent", 10);
    const first = await batch(0);
    const due = assert.rejects(group.submit("due", 101), { code: "deadline_exceeded" });
    const refusal = { code: "ledger_unavailable", retryAfterMs: 1_000 };
    const overdue = assert.rejects(group.submit("overdue"), refusal);
    time = 1;
    const inTime = [...submit("patient"), group.submit("in time", 102)];
    time = 101;
    first.end();
    await Promise.all([due, overdue, sent]);
    assert.deepEqual((await batch(1)).items, ["patient", "in time"]);
    (await batch(1)).end();
    await Promise.all(inTime);
  });

  it("close ends what was accepted and refuses the rest; twice is as once", async () => {
    const { submit, group, batch } = openGroup({ maxBatch: 1 });
    const sent = Promise.allSettled(submit("a", "b"));
    let isClosed = false;
    const closed = Promise.all([group.close(), group.close()]).then(() => {
      isClosed = true;
    });
    await assert.rejects(group.submit("c"), { code: "shutting_down" });
    (await batch(0)).end();
    const last = await batch(1);
    await quiet();
    assert.equal(isClosed, false);
    last.fail(new Error("the last one failed"));
    await closed;
    assert.deepEqual(
      (await sent).map(({ status }) => status),
      ["fulfilled", "rejected"],
    );
  });

  it("is settled and closes at once while it is idle", async () => {
    const { group } = openGroup();
    await group.settled();
    await group.close();
  });

  it("is settled after the batches under way, without those to come", async () => {
    const { submit, group, batch } = openGroup({ maxBatch: 1 });
    const sent = submit("a", "b");
    const first = await batch(0);
    let isSettled = false;
    const settled = group.settled().then(() => {
      isSettled = true;
    });
    await quiet();
    assert.equal(isSettled, false);
    first.end();
    await settled;
    (await batch(1)).end();
    await Promise.all(sent);
  });

  it("keeps its bounds and every order whatever comes, and loses nothing", async () => {
    const order = fc.constantFrom("a", "b", "c");
    const ending = fc.constantFrom("end first", "end last", "fail", "turn");
    const step = fc.oneof({ weight: 3, arbitrary: order }, ending);
    const steps = fc.array(step, { maxLength: 80, size: "max" });
    const bounds = { maxBatch: 3, maxInFlight: 2, maxQueued: 12 };
    const property = fc.asyncProperty(steps, async (steps) => {
      const { group, batches, underWay } = openGroup(bounds);
      const accepted: Item[] = [];
      const outcomes: Promise<unknown>[] = [];
      for (const [n, step] of steps.entries()) {
        const open = [...underWay];
        if (step === "turn") await nextTurn();
        else if (step === "end first") open.at(0)?.end();
        else if (step === "end last") open.at(-1)?.end();
        else if (step === "fail") open.at(0)?.fail(new Error("failed"));
        else {
          const item = `${step}${n % 5}`;
          if (group.queued < bounds.maxQueued) accepted.push(item);
          outcomes.push(group.submit(item).catch(() => {}));
        }
        assert.ok(group.queued <= bounds.maxQueued);
        assert.ok(underWay.size <= bounds.maxInFlight);
        const orders = [...underWay].flatMap(({ items }) => [
          ...new Set(items.map((item) => item.charAt(0))),
        ]);
        assert.equal(new Set(orders).size, orders.length, "two batches share an order");
      }
      while (group.queued > 0 || underWay.size > 0) {
        for (const batch of underWay) batch.end();
        await nextTurn();
      }
      await Promise.all(outcomes);
      for (const { items } of batches) {
        assert.ok(items.length <= bounds.maxBatch);
        assert.equal(new Set(items).size, items.length, "a batch holds a key twice");
      }
      const sent = batches.flatMap(({ items }) => items);
      for (const letter of ["a", "b", "c"]) {
        const ofOrder = (items: readonly Item[]) => items.filter((item) => item[0] === letter);
        assert.deepEqual(ofOrder(sent), ofOrder(accepted));
      }
      await group.close();
    });
    await fc.assert(property, { numRuns: 500 });
  });
});
