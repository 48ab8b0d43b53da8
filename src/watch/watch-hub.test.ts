import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { FakeBoard, FakeClient, settle } from "../../test/watch/fake-board.ts";
import { ScoreError } from "../model/score-error.ts";
import { systemTimers } from "../model/timers.ts";
import type { KnownState } from "./watch.ts";
import { WatchHub } from "./watch-hub.ts";

const times = { tickMs: 50, pollMs: 1_000, heartbeatMs: 15_000 };

describe("a hub of watches", () => {
  let hub: WatchHub;
  let board: FakeBoard;
  let counts: { sent: number; skipped: number };
  let errors: unknown[];
  beforeEach(() => {
    mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
    board = new FakeBoard();
    board.change("ann", 5);
    board.change("bob", 3);
    counts = { sent: 0, skipped: 0 };
    errors = [];
    hub = new WatchHub({
      times,
      maxWatches: 500,
      maxWatchesPerCaller: 0,
      now: Date.now,
      timers: systemTimers,
      onFrames: (sent, skipped) => {
        counts.sent += sent;
        counts.skipped += skipped;
      },
      onError: (_, error) => errors.push(error),
    });
  });
  afterEach(() => {
    hub.close();
    mock.timers.reset();
  });

  const join = async (limit = 10, known?: KnownState) => {
    const client = new FakeClient();
    const leave = await hub.join({
      key: "board",
      board,
      caller: undefined,
      limit,
      known,
      sink: client,
    });
    return { client, leave };
  };
  /** Ms by ms, since a mocked clock jumps to the end of what it is told to pass. */
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1) {
      mock.timers.tick(1);
      await settle();
    }
  };

  it("sends the whole state at once", async () => {
    const { client } = await join();
    assert.deepEqual(client.shown, ["ann 5", "bob 3"]);
    const second = await join();
    assert.equal(second.client.frames[0], client.frames[0]);
    assert.equal(board.reads.length, 1, "the second is shown what the first one sees");
  });

  it("sends a change at the next tick, and no more than one frame a tick", async () => {
    const { client } = await join();
    await pass(1_500);
    board.changeAndNotify("bob", 7);
    await pass(1);
    assert.deepEqual(client.shown, ["bob 7", "ann 5"], "at once after a quiet time");
    for (let score = 8; score < 20; score += 1) {
      board.changeAndNotify("bob", score);
      await pass(4);
    }
    assert.equal(client.frames.length, 2);
    await pass(2);
    assert.equal(client.frames.length, 3);
    assert.deepEqual(client.shown, ["bob 19", "ann 5"]);
  });

  it("sends no frame when nothing that is shown changed", async () => {
    const { client } = await join(1);
    board.notify();
    await pass(50);
    board.changeAndNotify("bob", 4);
    await pass(50);
    assert.equal(board.reads.length, 3);
    assert.equal(client.frames.length, 1);
    board.changeAndNotify("eve", 1);
    await pass(50);
    assert.equal(client.frames.length, 2, "one player more");
  });

  it("reads once a tick for any number of watches and limits, and shares the frames", async () => {
    const groups = await Promise.all(
      [5, 1, 10, 2].map((limit) => Promise.all(Array.from({ length: 50 }, () => join(limit)))),
    );
    const before = board.reads.length;
    for (const score of [6, 7, 8]) board.changeAndNotify("ann", score);
    await pass(50);
    assert.deepEqual(board.reads.slice(before), [10]);
    const frames = groups.map((group) => new Set(group.map(({ client }) => client.frames.at(-1))));
    for (const distinct of frames) assert.equal(distinct.size, 1);
    for (const [index, limit] of [2, 1, 2, 2].entries()) {
      assert.equal(groups[index]?.[0]?.client.shown.length, limit);
    }
  });

  it("sends a watch with a larger limit its own first frame, and the others nothing", async () => {
    const { client: small } = await join(1);
    const { client: large } = await join(2);
    assert.deepEqual(large.shown, ["ann 5", "bob 3"]);
    assert.deepEqual(board.reads, [1, 2]);
    assert.equal(small.frames.length, 1);
    board.changeAndNotify("ann", 6);
    await pass(50);
    assert.deepEqual(board.reads, [1, 2, 2]);
    assert.equal(small.frames.length, 2);
  });

  it("sends a larger limit that came while the board was read its frame, too", async () => {
    const gate = Promise.withResolvers<void>();
    board.gate = gate.promise;
    const joins = [join(1)];
    await settle();
    joins.push(join(2), join(1));
    await settle();
    assert.deepEqual(board.reads, [1]);
    gate.resolve();
    const clients = await Promise.all(joins);
    assert.deepEqual(
      clients.map(({ client }) => client.shown.length),
      [1, 2, 1],
    );
  });

  it("notices a change during a read at the tick after it", async () => {
    const { client } = await join();
    const gate = Promise.withResolvers<void>();
    board.gate = gate.promise;
    board.changeAndNotify("bob", 7);
    await pass(50);
    board.changeAndNotify("bob", 9);
    gate.resolve();
    await settle();
    assert.deepEqual(client.shown, ["bob 7", "ann 5"]);
    await pass(50);
    assert.deepEqual(client.shown, ["bob 9", "ann 5"]);
  });

  it("costs a client that stalls all frames but the newest, which it gets when it reads on", async () => {
    const [reading, stalled] = [await join(), await join()];
    stalled.client.isStalled = true;
    for (const score of [10, 11, 12, 13]) {
      board.changeAndNotify("ann", score);
      await pass(50);
    }
    assert.equal(reading.client.frames.length, 5);
    assert.equal(stalled.client.frames.length, 2, "the one that it did not take");
    assert.deepEqual(counts, { sent: 2 + 4 + 1, skipped: 3 });
    stalled.client.drain();
    assert.deepEqual(stalled.client.shown, ["ann 13", "bob 3"]);
    assert.equal(stalled.client.frames.length, 3);
  });

  it("says in heartbeats how busy the board is below what is shown", async () => {
    const { client } = await join(1);
    const before = client.frames.at(-1)?.changes ?? 0;
    for (const score of [1, 2, 1]) board.changeAndNotify("bob", score);
    await pass(50);
    const late = await join(1, client.frames[0]);
    assert.deepEqual(
      late.client.frames.map(({ heartbeat, changes }) => [heartbeat, changes - before]),
      [[true, 3]],
    );
    await pass(16_000);
    assert.deepEqual(
      client.frames.map(({ heartbeat, changes }) => [heartbeat, changes - before]),
      [
        [false, 0],
        [true, 3],
      ],
    );
  });

  it("sends a client that comes back nothing but a heartbeat while it is up to date", async () => {
    const { client, leave } = await join();
    const [known] = client.frames;
    leave();
    const back = await join(10, known);
    assert.deepEqual(
      back.client.frames.map(({ heartbeat, version }) => [heartbeat, version]),
      [[true, known?.version]],
    );
    board.changeAndNotify("ann", 6);
    await pass(50);
    assert.deepEqual(back.client.shown, ["ann 6", "bob 3"]);
    back.leave();
    const late = await join(10, known);
    assert.deepEqual(late.client.shown, ["ann 6", "bob 3"]);
  });

  it("reads first for a client that saw a later state elsewhere, and never shows it an older one", async () => {
    const { client: first } = await join();
    board.change("ann", 6);
    const seenElsewhere = { epoch: board.epoch, version: board.version };
    const both = await Promise.all([join(10, seenElsewhere), join(10, seenElsewhere)]);
    assert.equal(board.reads.length, 2, "once for all who come");
    for (const { client } of both) {
      assert.deepEqual(
        client.frames.map((frame) => [frame.heartbeat, frame.version]),
        [[true, board.version]],
      );
    }
    assert.deepEqual(first.shown, ["ann 6", "bob 3"]);
    board.epoch += 1;
    board.change("ann", 7);
    const rebuilt = await join(10, { epoch: board.epoch, version: 1 });
    assert.deepEqual(rebuilt.client.shown, ["ann 7", "bob 3"]);
    assert.equal(rebuilt.client.frames.length, 1);
  });

  it("reads once more for a later state when the read under way began before", async () => {
    const { client: first } = await join();
    const gate = Promise.withResolvers<void>();
    board.gate = gate.promise;
    board.notify();
    await pass(50);
    board.change("ann", 6);
    const joining = join(10, { epoch: board.epoch, version: board.version });
    await settle();
    gate.resolve();
    assert.deepEqual(
      (await joining).client.frames.map((frame) => frame.heartbeat),
      [true],
    );
    assert.deepEqual(first.shown, ["ann 6", "bob 3"]);
  });

  it("shows what there is to a client that names a state nobody knows, or turns it away when it can't look", async () => {
    const { client } = await join();
    const known = { epoch: board.epoch, version: board.version + 1_000 };
    const { client: back } = await join(10, known);
    assert.deepEqual(back.frames, client.frames);
    const failure = new ScoreError("ledger_unavailable", "for a moment");
    board.failure = failure;
    await assert.rejects(join(10, known), failure);
    assert.equal(hub.watches, 2);
  });

  it("never tells a client that comes back from the ledger's state that it is up to date", async () => {
    board.isUnranked = true;
    const { client, leave } = await join();
    leave();
    board.change("ann", 6);
    const back = await join(10, client.frames[0]);
    assert.deepEqual(back.client.shown, ["ann 6", "bob 3"]);
  });

  it("goes on from one version to the next while pages come from the ledger, and afterwards", async () => {
    const { client } = await join();
    for (const [isUnranked, score] of [
      [true, 6],
      [true, 7],
      [false, 8],
      [true, 9],
      [false, 10],
    ] as const) {
      board.isUnranked = isUnranked;
      board.changeAndNotify("ann", score);
      await pass(50);
      assert.deepEqual(client.shown, [`ann ${score}`, "bob 3"]);
    }
    assert.ok(client.frames.every(({ epoch }) => epoch === 1));
    const versions = client.frames.map(({ version }) => version);
    assert.equal(new Set(versions).size, 6);
    assert.deepEqual(
      versions,
      versions.toSorted((a, b) => a - b),
    );
  });

  it("beats when nothing changed for 15 s, and then every 15 s", async () => {
    const { client } = await join();
    await pass(14_500);
    assert.equal(client.frames.length, 1);
    board.changeAndNotify("ann", 6);
    await pass(14_500);
    assert.equal(client.frames.length, 2, "a frame counts, too");
    await pass(1_500);
    assert.deepEqual(
      client.frames.map(({ heartbeat }) => heartbeat),
      [false, false, true],
    );
    await pass(15_000);
    assert.equal(client.frames.length, 4);
    assert.equal(client.frames[3]?.version, client.frames[1]?.version);
  });

  it("ends, instead of beating, when the board could not be read for 15 s: others may know more", async () => {
    const { client } = await join();
    await pass(14_500);
    board.failure = new ScoreError("ledger_unavailable", "for long");
    board.change("ann", 6);
    await pass(15_000);
    assert.deepEqual(
      client.frames.map(({ heartbeat }) => heartbeat),
      [false, true],
      "it was read since the first frame",
    );
    assert.equal(client.ended, undefined);
    await pass(1_000);
    assert.equal(client.ended, board.failure);
    assert.equal(client.frames.length, 2);
    assert.equal(hub.watches, 0);
    board.failure = undefined;
    assert.deepEqual((await join()).client.shown, ["ann 6", "bob 3"]);
  });

  it("says nothing while nobody knows whether the board can be read", async () => {
    const { client } = await join();
    const gate = Promise.withResolvers<void>();
    board.gate = gate.promise;
    await pass(40_000);
    assert.equal(client.frames.length, 1);
    assert.equal(client.ended, undefined);
    gate.resolve();
    await pass(1_100);
    assert.deepEqual(
      client.frames.map(({ heartbeat }) => heartbeat),
      [false, true],
    );
  });

  it("looks at the board now and then, since a notice may get lost", async () => {
    const { client } = await join();
    board.change("ann", 6);
    await pass(999);
    assert.deepEqual(client.shown, ["ann 5", "bob 3"]);
    await pass(2);
    assert.deepEqual(client.shown, ["ann 6", "bob 3"]);
  });

  it("tries again after a read that failed, and says so unless it is expected", async () => {
    const { client } = await join();
    const expected = new ScoreError("ledger_unavailable", "for a moment");
    const unexpected = new TypeError("a bug");
    for (const failure of [expected, unexpected]) {
      board.failure = failure;
      board.changeAndNotify("ann", 6);
      await pass(50);
    }
    assert.deepEqual(errors, [unexpected]);
    assert.equal(client.ended, undefined);
    board.failure = undefined;
    await pass(1_000);
    assert.deepEqual(client.shown, ["ann 6", "bob 3"]);
  });
});
