import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { FakeBoard, FakeClient, settle } from "../../test/watch/fake-board.ts";
import { isScoreError, ScoreError } from "../model/score-error.ts";
import { systemTimers } from "../model/timers.ts";
import { WatchHub } from "./watch-hub.ts";

/** Real timers, so that one that is left running is seen. */
const times = { tickMs: 1, pollMs: 2, heartbeatMs: 60_000 };
const timersRunning = () =>
  process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;

describe("the end of a watch", () => {
  const before = timersRunning();
  const hubs: WatchHub[] = [];
  afterEach(() => {
    for (const hub of hubs.splice(0)) hub.close();
  });

  const newHub = (maxWatches = 100, maxWatchesPerCaller = 0) => {
    const errors: unknown[] = [];
    const onError = (_: string, error: unknown) => errors.push(error);
    const hub = new WatchHub({
      times,
      maxWatches,
      maxWatchesPerCaller,
      now: Date.now,
      timers: systemTimers,
      onFrames: () => {},
      onError,
    });
    hubs.push(hub);
    const board = new FakeBoard();
    board.change("ann", 5);
    const join = async (client = new FakeClient(), limit = 10, caller = "ann") => {
      const watch = { key: "board", board, caller, limit, known: undefined, sink: client };
      const leave = await hub.join(watch);
      return { client, leave };
    };
    return { hub, board, join, errors };
  };
  const nothingRuns = (hub: WatchHub, board: FakeBoard) => {
    assert.equal(hub.watches, 0);
    assert.equal(board.followers.size, 0, "the board is not followed");
    assert.equal(timersRunning(), before, "no timer is left");
  };
  /** As many turns as a forgotten timer would need to be seen. */
  const nothingIsRead = async (board: FakeBoard) => {
    const { length } = board.reads;
    const until = performance.now() + 10 * times.pollMs;
    while (performance.now() < until) await settle();
    assert.equal(board.reads.length, length);
  };

  it("by leaving stops everything with the last watch of a board", async () => {
    const { hub, board, join } = newHub();
    const [one, two, three] = [await join(), await join(), await join(new FakeClient(), 1)];
    assert.equal(hub.watches, 3);
    board.changeAndNotify("ann", 6);
    for (const { leave } of [one, two, three]) {
      leave();
      leave();
    }
    nothingRuns(hub, board);
    await nothingIsRead(board);
    const again = await join();
    assert.deepEqual(again.client.shown, ["ann 6"]);
    again.leave();
    nothingRuns(hub, board);
  });

  it("by leaving in the middle of a tick or a read sends that client nothing more", async () => {
    const { hub, board, join } = newHub();
    const [gone, staying] = [await join(), await join()];
    board.changeAndNotify("ann", 6);
    gone.leave();
    while (staying.client.shown[0] !== "ann 6") await settle();
    const gate = Promise.withResolvers<void>();
    board.gate = gate.promise;
    const { length } = board.reads;
    board.changeAndNotify("ann", 7);
    while (board.reads.length === length) await settle();
    staying.leave();
    gate.resolve();
    await settle();
    assert.deepEqual(gone.client.shown, ["ann 5"]);
    assert.deepEqual(staying.client.shown, ["ann 6"]);
    nothingRuns(hub, board);
  });

  it("by leaving is for good, though the stream drains afterwards", async () => {
    const { hub, board, join } = newHub();
    const client = new FakeClient();
    client.isStalled = true;
    const [{ leave }, other] = [await join(client), await join()];
    board.changeAndNotify("ann", 6);
    while (other.client.shown[0] !== "ann 6") await settle();
    leave();
    client.drain();
    assert.equal(client.frames.length, 1);
    other.leave();
    nothingRuns(hub, board);
  });

  for (const code of ["unknown_game", "unknown_board", "board_filling"] as const) {
    it(`comes with ${code} when the board is gone`, async () => {
      const { hub, board, join, errors } = newHub();
      const [one, two] = [await join(), await join(new FakeClient(), 1)];
      two.client.isStalled = true;
      board.failure = new ScoreError(code, "gone");
      board.changeAndNotify("ann", 6);
      while (two.client.ended === undefined) await settle();
      assert.equal(one.client.ended, board.failure);
      assert.equal(two.client.ended, board.failure);
      nothingRuns(hub, board);
      two.client.drain();
      one.leave();
      assert.equal(hub.watches, 0);
      assert.deepEqual(errors, []);
    });
  }

  it("comes before it began when the board can't be read", async () => {
    const { hub, board, join } = newHub();
    board.failure = new ScoreError("unknown_board", "never there");
    const client = new FakeClient();
    const results = await Promise.allSettled([join(client), join(), join(new FakeClient(), 1)]);
    for (const result of results) {
      assert.equal(result.status, "rejected");
      assert.equal(result.reason, board.failure);
    }
    assert.deepEqual(client.frames, []);
    nothingRuns(hub, board);
  });

  it("is not that of others who watch when one can't join", async () => {
    const { hub, board, join } = newHub();
    const staying = await join(new FakeClient(), 1);
    board.failure = new ScoreError("ledger_unavailable", "for a moment");
    await assert.rejects(join());
    assert.equal(hub.watches, 1);
    board.failure = undefined;
    board.changeAndNotify("ann", 6);
    while (staying.client.shown[0] !== "ann 6") await settle();
    staying.leave();
    nothingRuns(hub, board);
  });

  it("makes room for another where there are too many", async () => {
    const { hub, board, join } = newHub(2);
    const [one, two] = [await join(), await join()];
    const isTooMany = (error: unknown) => {
      assert.ok(isScoreError(error, "too_many_watches"));
      return error.retryAfterMs !== undefined;
    };
    await assert.rejects(join(), isTooMany);
    one.leave();
    const three = await join();
    await assert.rejects(join(), isTooMany);
    two.leave();
    three.leave();
    nothingRuns(hub, board);
  });

  it("makes room for another of a caller who has as many as one may, and who alone is refused", async () => {
    const { hub, board, join } = newHub(100, 2);
    const joinAs = (caller: string) => join(new FakeClient(), 10, caller);
    const [one, two] = [await joinAs("ann"), await joinAs("ann")];
    await assert.rejects(joinAs("ann"), (error) => isScoreError(error, "too_many_watches"));
    const other = await joinAs("ben");
    one.leave();
    one.leave();
    const three = await joinAs("ann");
    await assert.rejects(joinAs("ann"), (error) => isScoreError(error, "too_many_watches"));
    for (const { leave } of [two, three, other]) leave();
    nothingRuns(hub, board);
  });

  it("never comes to those who are nobody's share", async () => {
    const { hub, board } = newHub(100, 1);
    const request = { key: "board", board, caller: undefined, limit: 1, known: undefined };
    const leaves = [];
    for (let n = 0; n < 3; n++) leaves.push(await hub.join({ ...request, sink: new FakeClient() }));
    for (const leave of leaves) leave();
    nothingRuns(hub, board);
  });

  it("counts watches that wait for their first frame among the many", async () => {
    const { hub, board, join } = newHub(2);
    const gate = Promise.withResolvers<void>();
    board.gate = gate.promise;
    const joins = [join(), join()];
    await assert.rejects(join(), (error) => isScoreError(error, "too_many_watches"));
    gate.resolve();
    for (const joined of joins) (await joined).leave();
    nothingRuns(hub, board);
  });

  it("comes to all with shutting_down when the hub closes, and to those who come later", async () => {
    const { hub, board, join } = newHub();
    const { client, leave } = await join();
    const stalled = new FakeClient();
    stalled.isStalled = true;
    await join(stalled);
    board.change("ann", 6);
    const otherBoard = new FakeBoard();
    const other = new FakeClient();
    const request = { key: "other", board: otherBoard, caller: "ann", limit: 1 };
    await hub.join({ ...request, known: undefined, sink: other });
    hub.close();
    hub.close();
    for (const ended of [client, stalled, other].map((one) => one.ended)) {
      assert.ok(isScoreError(ended, "shutting_down"));
      assert.ok(ended.retryAfterMs !== undefined, "connect again");
    }
    stalled.drain();
    leave();
    nothingRuns(hub, board);
    nothingRuns(hub, otherBoard);
    await assert.rejects(join(), (error) => isScoreError(error, "shutting_down"));
    nothingRuns(hub, board);
  });

  it("comes once to those who still wait for their first frame when the hub closes", async () => {
    const { hub, board, join } = newHub();
    const gate = Promise.withResolvers<void>();
    board.gate = gate.promise;
    const clients = [new FakeClient(), new FakeClient(), new FakeClient()];
    const joins: Promise<unknown>[] = [];
    for (const [index, client] of clients.entries()) {
      joins.push(join(client, index + 1));
      await settle();
    }
    hub.close();
    gate.resolve();
    const results = await Promise.allSettled(joins);
    for (const [index, { status }] of results.entries()) {
      assert.equal(status, "fulfilled");
      assert.ok(isScoreError(clients[index]?.ended, "shutting_down"));
      assert.deepEqual(clients[index]?.frames, []);
    }
    assert.deepEqual(board.reads, [1], "nothing is read for nobody");
    nothingRuns(hub, board);
  });
});
