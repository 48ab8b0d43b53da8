import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type EnvoyScene, openEnvoyScene } from "../envoy/envoy-scene.ts";
import { newGame, submit } from "../lanes/games.ts";
import { FloodConnection } from "./connection.ts";
import { type FrameFloodName, frameFloods, pourFrames } from "./frames.ts";

/** But for frames of no known type, which Envoy passes over. */
const names = (Object.keys(frameFloods) as FrameFloodName[]).filter(
  (name) => name !== "frames of no known type",
);

/** These cost no more than their bytes as long as the attacker reads the answers; it is cut off when it does not. */
const answered: readonly FrameFloodName[] = ["ping flood", "settings flood"];

describe("a flood of HTTP/2 frames to Envoy", () => {
  let scene: EnvoyScene;
  before(async () => {
    scene = await openEnvoyScene();
  });
  after(() => scene?.close());

  for (const name of names) {
    it(`by ${name} ends the connection, and others go on`, async () => {
      const gameId = await newGame(scene.caller);
      const isDeaf = answered.includes(name);
      const connection = await FloodConnection.open({ port: scene.envoy.port, isDeaf });
      const framesPerSecond = isDeaf ? 100_000 : 20_000;
      const signal = AbortSignal.timeout(20_000);
      const sent = await pourFrames({ connection, name, framesPerSecond, signal });
      assert.ok(connection.isClosed, `open after ${sent} frames`);
      await submit(scene.caller, { gameId });
    });
  }
});
