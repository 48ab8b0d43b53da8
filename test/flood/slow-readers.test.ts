import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { grpcMessage } from "../../bench/grpc-message.ts";
import { callHeaders } from "../../bench/header-block.ts";
import {
  firstWindow,
  frame,
  frameFlag,
  frameType,
  initialWindow,
} from "../../bench/http2-frame.ts";
import {
  GetLeaderboardRequestSchema,
  StreamScoresRequestSchema,
} from "../../gen/score/v1/score_pb.js";
import { eventually } from "../lanes/eventually.ts";
import { submitAll } from "../lanes/games.ts";
import type { CallFloodResult } from "./calls.ts";
import { assertUnharmed, startAttack } from "./comparison.ts";
import { FloodConnection } from "./connection.ts";
import { type FloodScene, openFloodScene } from "./scene.ts";

/** Watches that nobody reads are in watches.test.ts. */
describe("a slow reader", () => {
  let scene: FloodScene;
  before(async () => {
    scene = await openFloodScene();
    const players = Array.from({ length: 100 }, (_, n) => [`player-${n}`, n] as const);
    await submitAll(scene.caller, scene.gameId, players);
  });
  after(() => scene?.close());

  it("of answers, with no room for any, costs what its calls at a time do", async (test) => {
    const request = create(GetLeaderboardRequestSchema, { gameId: scene.gameId, limit: 100 });
    const bytes = toBinary(GetLeaderboardRequestSchema, request);
    let grownBy = Number.NaN;
    await assertUnharmed(test, scene, async () => {
      const before = await scene.usage();
      const end = await startAttack<CallFloodResult>(test, {
        attack: "calls",
        port: scene.grpcPort,
        method: "GetLeaderboard",
        message: grpcMessage(bytes).toString("base64"),
        token: scene.caller.server.token,
        isDeaf: true,
        connections: 8,
        inFlight: 250,
        perSecond: 1_000,
      });
      const all = before.calls + 8 * 250;
      await eventually("it has 2,000 answers", async () => (await scene.usage()).calls >= all);
      return async () => {
        grownBy = Math.round((await scene.usage()).residentMebibytes - before.residentMebibytes);
        return { ...(await end()), grownBy };
      };
    });
    // 2,000 answers of 8 KB, and what a call costs beside that.
    assert.ok(grownBy < 150, `memory grew by ${grownBy} MiB`);
  });

  it("of a pipe's acknowledgements is soon not read from either", async (test) => {
    const before = await scene.usage();
    const windows = [firstWindow, firstWindow];
    const connection = await FloodConnection.open({
      port: scene.grpcPort,
      settings: initialWindow(0),
      onWindow: (streamId, bytes) => {
        windows[streamId] = (windows[streamId] ?? 0) + bytes;
      },
    });
    test.after(() => connection.close());
    const block = callHeaders("StreamScores", scene.caller.server.token);
    const head = { type: frameType.headers, flags: frameFlag.endHeaders, streamId: 1 };
    connection.send(frame(head, block.first));
    let sent = 0;
    const pour = () => {
      for (;;) {
        const event = { gameId: scene.gameId, playerId: "sloth", actionId: `${sent}` };
        const message = create(StreamScoresRequestSchema, {
          ...event,
          what: { case: "points", value: 1n },
        });
        const bytes = grpcMessage(toBinary(StreamScoresRequestSchema, message));
        if (Math.min(...windows) < bytes.length) return;
        for (const streamId of [0, 1]) windows[streamId] = (windows[streamId] ?? 0) - bytes.length;
        connection.send(frame({ type: frameType.data, streamId: 1 }, bytes));
        sent += 1;
      }
    };
    for (let last = -1; last !== sent; ) {
      last = sent;
      pour();
      await pause(1_000);
    }
    assert.ok(!connection.isClosed);
    const grownBy = Math.round((await scene.usage()).residentMebibytes - before.residentMebibytes);
    test.diagnostic(`${sent} events were read; memory grew by ${grownBy} MiB`);
    // 2,048 under way, and what the windows hold.
    assert.ok(sent < 6_000, `${sent} events were read`);
    assert.ok(grownBy < 100, `memory grew by ${grownBy} MiB`);
  });
});
