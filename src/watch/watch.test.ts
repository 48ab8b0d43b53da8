import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeClient } from "../../test/watch/fake-board.ts";
import { type Frame, heartbeatOf, nextFrame } from "./frame.ts";
import { Watch } from "./watch.ts";

/** A frame of a ranking's state; from the ledger with epoch 0. */
function frame(version: number, epoch = 1, last?: Frame): Frame {
  return nextFrame(
    {
      epoch,
      version,
      standings: [],
      totalPlayers: (last?.totalPlayers ?? 0) + version + 1,
      changedAt: undefined,
      changes: version,
    },
    1,
    last,
  );
}

describe("a watch", () => {
  it("hands on each frame at once while the client reads", () => {
    const client = new FakeClient();
    const watch = new Watch(1, client, undefined);
    const frames = [frame(1), frame(2), frame(3)];
    for (const one of frames) assert.equal(watch.offer(one), true);
    assert.deepEqual(client.frames, frames);
  });

  it("keeps only the newest frame for a client that stalls", () => {
    const client = new FakeClient();
    client.isStalled = true;
    const watch = new Watch(1, client, undefined);
    const frames = [frame(1), frame(2), frame(3), frame(4)];
    assert.deepEqual(
      frames.map((one) => watch.offer(one)),
      [true, false, false, false],
    );
    assert.deepEqual(client.frames, [frames[0]]);
    client.drain();
    assert.deepEqual(client.frames, [frames[0], frames[3]]);
    assert.equal(watch.offer(frame(5)), true);
  });

  it("sends nothing when a client drains that missed nothing", () => {
    const client = new FakeClient();
    client.isStalled = true;
    new Watch(1, client, undefined).offer(frame(1));
    client.drain();
    assert.equal(client.frames.length, 1);
  });

  it("sends a heartbeat in the place of the state that the client knows, once", () => {
    const client = new FakeClient();
    const watch = new Watch(1, client, { epoch: 1, version: 2 });
    watch.offer(frame(2));
    watch.offer(frame(3));
    watch.offer(frame(2));
    assert.deepEqual(client.frames, [heartbeatOf(frame(2)), frame(3), frame(2)]);
  });

  it("sends the state to a client that knows an earlier one", () => {
    const client = new FakeClient();
    assert.equal(new Watch(1, client, { epoch: 1, version: 1 }).offer(frame(2)), true);
    assert.deepEqual(client.frames, [frame(2)]);
  });

  it("sends the state to a client that knows a later one only when there is none such", () => {
    for (const known of [
      { epoch: 1, version: 3 },
      { epoch: 2, version: 1 },
    ]) {
      const client = new FakeClient();
      const watch = new Watch(1, client, known);
      assert.equal(watch.offer(frame(2)), false);
      assert.deepEqual([client.frames, watch.isBegun], [[], false]);
      assert.equal(watch.begin(frame(2)), true);
      assert.equal(watch.offer(frame(3)), true);
      assert.deepEqual(client.frames, [frame(2), frame(3)]);
    }
  });

  it("sends the state whatever the client knows, when its version is this instance's own", () => {
    const ranked = frame(5);
    for (const own of [frame(0, 0), frame(0, 0, ranked), frame(0, 0, frame(0, 0, ranked))]) {
      const client = new FakeClient();
      const { epoch, version } = own;
      new Watch(1, client, { epoch, version }).offer({ ...own });
      assert.equal(
        client.frames[0]?.heartbeat,
        false,
        `(${epoch}, ${version}) shows who knows what`,
      );
    }
  });

  it("beats only for a client that reads and has the newest state", () => {
    const client = new FakeClient();
    const watch = new Watch(1, client, undefined);
    const heartbeat = heartbeatOf(frame(1));
    watch.offer(frame(1));
    watch.beat(heartbeat);
    assert.deepEqual(client.frames, [frame(1), heartbeat]);
    client.isStalled = true;
    watch.beat(heartbeat);
    watch.beat(heartbeat);
    assert.equal(client.frames.length, 3, "the second would wait behind the first");
    watch.offer(frame(2));
    client.drain();
    assert.deepEqual(client.frames.slice(3), [frame(2)]);
  });

  it("sends nothing once it has ended, though the client drains", () => {
    const client = new FakeClient();
    client.isStalled = true;
    const watch = new Watch(1, client, undefined);
    watch.offer(frame(1));
    watch.offer(frame(2));
    watch.end("over");
    assert.equal(client.ended, "over");
    client.drain();
    watch.offer(frame(3));
    watch.beat(heartbeatOf(frame(3)));
    assert.deepEqual(client.frames, [frame(1)]);
  });
});
