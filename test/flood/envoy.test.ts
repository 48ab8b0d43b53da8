import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type EnvoyScene, openEnvoyScene } from "../envoy/envoy-scene.ts";
import { newGame, submit } from "../lanes/games.ts";
import { assertUnharmed, startAttack, twice } from "./comparison.ts";
import { FloodConnection } from "./connection.ts";
import { type FrameFloodName, type FrameFloodResult, frameFloods, pourFrames } from "./frames.ts";

/** But for frames of no known type, which Envoy passes over. */
const names = (Object.keys(frameFloods) as FrameFloodName[]).filter(
  (name) => name !== "frames of no known type",
);

/** These cost no more than their bytes as long as the attacker reads the answers; it is cut off when it does not. */
const answered: readonly FrameFloodName[] = ["ping flood", "settings flood"];

/** Of those who are thrown out and come back together the service has paid for 50 resets each: 2.3 to 3 times. */
const mostOfAll = { ...twice, callP90: 4 };

describe("a flood of HTTP/2 frames to Envoy", () => {
  let scene: EnvoyScene;
  before(async () => {
    scene = await openEnvoyScene({ SCORE_TRUSTED_PROXIES: "127.0.0.1" });
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

  it("of all kinds at once harms nobody who comes through it", async (test) => {
    const { caller, envoy } = scene;
    const { port } = envoy;
    const playground = { caller, gameId: await newGame(caller) };
    const attack = { attack: "frames", port, floods: names, framesPerSecond: 20_000 } as const;
    const start = () => startAttack<FrameFloodResult>(test, attack);
    const { thrownOut } = await assertUnharmed(test, playground, start, mostOfAll);
    assert.ok(thrownOut > 0, "nobody was thrown out");
    const stats = await envoy.admin("/stats?filter=score-grpc.upstream_cx_close_notify");
    assert.match(stats, /close_notify: 0\b/, "Envoy's own connection was ended");
  });
});
