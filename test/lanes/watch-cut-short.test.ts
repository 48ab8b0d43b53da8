import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { Code } from "@connectrpc/connect";
import { pino } from "pino";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { ScoreError } from "../../src/model/score-error.ts";
import { systemTimers } from "../../src/model/timers.ts";
import type { RankedPage } from "../../src/ranking/ranking.ts";
import type { Rooms } from "../../src/service/rooms.ts";
import { WatchHub } from "../../src/watch/watch-hub.ts";
import { type BareLanes, openBareLanes } from "./bare-lanes.ts";
import { clientKinds } from "./clients.ts";
import { eventually } from "./eventually.ts";
import { assertRefused } from "./refusal.ts";

describe("a watch that ends before its first frame", () => {
  let webRoot: string;
  let lanes: BareLanes;
  let hub: WatchHub;
  /** The read of the board, which ends as the test says. */
  let read: PromiseWithResolvers<RankedPage>;
  before(async () => {
    webRoot = await mkdtemp(join(tmpdir(), "score-test-"));
  });
  beforeEach(async () => {
    read = Promise.withResolvers();
    hub = new WatchHub({
      times: { tickMs: 50, pollMs: 10, heartbeatMs: 15_000 },
      maxWatchesPerCaller: 0,
      maxWatches: 10,
      now: Date.now,
      timers: systemTimers,
      onFrames: () => {},
      onError: (message, error) => assert.fail(`${message}: ${error}`),
    });
    const rooms = {
      hub,
      catalog: { board: async () => ({ boardNo: 1 }), same: async () => ({ boardNo: 1 }) },
      reader: { page: () => read.promise },
      ranking: { follow: async () => () => {} },
    } as unknown as Partial<Rooms>;
    lanes = await openBareLanes({ rooms, log: pino({ level: "silent" }), webRoot });
  });
  afterEach(() => lanes.close());
  after(() => rm(webRoot, { recursive: true }));

  /** Each kind of client has asked for a watch. */
  const openAll = async () => {
    const clients = clientKinds.map((kind) => kind.open(lanes));
    const watches = clients.map((client) =>
      client.watch(ScoreService.method.watchLeaderboard, { gameId: "game" }),
    );
    const frames = watches.map((watch) => watch.next());
    for (const frame of frames) frame.catch(() => {});
    await eventually("all wait", async () => hub.watches === clients.length);
    return {
      frames,
      close: () => {
        for (const client of clients) client.close();
      },
    };
  };

  it("is told why, once, when the hub closes", async () => {
    const { frames, close } = await openAll();
    hub.close();
    // What nobody heard of would end the process now.
    await new Promise((resolve) => setImmediate(resolve));
    read.reject(new ScoreError("ledger_unavailable", "closed, too"));
    for (const frame of frames) {
      await assertRefused(frame, {
        code: Code.Unavailable,
        reason: "SHUTTING_DOWN",
        message: "this instance is shutting down; connect again",
      });
    }
    close();
  });

  it("is told why, once, when its board is gone", async () => {
    const { frames, close } = await openAll();
    read.reject(new ScoreError("unknown_board", "the board is gone"));
    for (const frame of frames) {
      await assertRefused(frame, {
        code: Code.NotFound,
        reason: "UNKNOWN_BOARD",
        message: "the board is gone",
      });
    }
    assert.equal(hub.watches, 0);
    close();
  });
});
