import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { HeaderBlock } from "../../bench/header-block.ts";
import { frame, frameFlag, frameType } from "../../bench/http2-frame.ts";
import { enveloped } from "../lanes/envelopes.ts";
import { eventually } from "../lanes/eventually.ts";
import { FloodConnection } from "./connection.ts";
import { type FloodScene, openFloodScene } from "./scene.ts";

const connections = 4;
/** As many as a connection may have at a time. */
const calls = 250;
/** Of a message; packed it takes a thousandth. */
const unpackedBytes = 4 * 1_024 * 1_024;
/** In MiB. Unpacked and kept, all of them would be 4,000. */
const mayCost = 150;

describe("requests that are packed a thousand to one and never end", () => {
  let scene: FloodScene;
  const flood: FloodConnection[] = [];
  before(async () => {
    scene = await openFloodScene();
  });
  after(async () => {
    for (const connection of flood) connection.close();
    await scene?.close();
  });

  for (const method of ["GetStanding", "UpdateScores"]) {
    it(`are refused before their end, and fill no memory, by ${method}`, async (test) => {
      const { first, again } = new HeaderBlock({
        ":method": "POST",
        ":scheme": "http",
        ":path": `/score.v1.ScoreService/${method}`,
        ":authority": "127.0.0.1",
        te: "trailers",
        "content-type": "application/grpc",
        "grpc-encoding": "gzip",
      });
      // Of events without content: two bytes each.
      const content = Buffer.alloc(unpackedBytes, Buffer.of(0x12, 0x00));
      const message = Buffer.from(enveloped(gzipSync(content)));
      message[0] = 1;
      const before = await scene.usage();
      for (let opened = 0; opened < connections; opened += 1) {
        const connection = await FloodConnection.open({ port: scene.grpcPort });
        flood.push(connection);
        for (let call = 0; call < calls; call += 1) {
          const streamId = 2 * call + 1;
          const head = { type: frameType.headers, flags: frameFlag.endHeaders, streamId };
          connection.send(frame(head, call === 0 ? first : again));
          connection.send(frame({ type: frameType.data, streamId }, message));
        }
      }
      const answers = () => flood.reduce((sum, { met }) => sum + met.answers, 0);
      await eventually("all are refused", () => answers() === connections * calls);
      const after = await scene.usage();
      const cost = Math.round(after.residentMebibytes - before.residentMebibytes);
      test.diagnostic(`${cost} MiB`);
      assert.ok(cost < mayCost, `they cost ${cost} MiB`);
      for (const connection of flood.splice(0)) connection.close();
    });
  }
});
