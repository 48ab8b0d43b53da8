import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { type EnvoyScene, openEnvoyScene } from "../envoy/envoy-scene.ts";
import { newGame, submit } from "../lanes/games.ts";
import { GrpcClient } from "../lanes/grpc-client.ts";
import { testSecret } from "../lanes/test-service.ts";
import { forge } from "./forged-token.ts";
import { type RawAnswer, rawGrpc, rawPost } from "./raw-calls.ts";

const updateScore = "/score.v1.ScoreService/UpdateScore";

/** A well signed token of `bytes`, for all but its size. */
function tokenOf(bytes: number): string {
  // A third more in base64, and names and signature around it.
  const filling = randomBytes(Math.max(0, Math.floor(bytes * 0.5625) - 150)).toString("base64");
  const claims = { sub: "game-server", role: "server", game: "*", filling };
  return forge({ header: '{"alg":"HS256"}', payload: JSON.stringify(claims) }, testSecret);
}

const kb = 1_000;

describe("a token that is large", () => {
  let scene: EnvoyScene;
  let gameId: string;
  before(async () => {
    scene = await openEnvoyScene();
    gameId = await newGame(scene.caller);
  });
  after(() => scene?.close());

  const bearer = (token: string) => [["authorization", `Bearer ${token}`]] as const;

  /** Through each way in, with an event that says nothing. */
  const ways = (): Readonly<Record<string, (token: string) => Promise<RawAnswer>>> => ({
    gRPC: (token) => rawGrpc({ port: scene.service.grpcPort }, updateScore, bearer(token)),
    "gRPC by Envoy": (token) => rawGrpc({ port: scene.envoy.port }, updateScore, bearer(token)),
    JSON: (token) => rawPost(scene.service.httpPort, updateScore, bearer(token)),
    "JSON by Envoy": (token) => rawPost(scene.envoy.port, updateScore, bearer(token)),
    "REST by Envoy": (token) =>
      rawPost(scene.envoy.port, `/v1/games/${gameId}/scores`, bearer(token)),
  });

  it("is taken up to 12 kB, through every way in", async () => {
    for (const [way, call] of Object.entries(ways())) {
      const { status, grpcStatus } = await call(tokenOf(12 * kb));
      assert.equal(grpcStatus ?? status, way.startsWith("gRPC") ? "3" : 400, way);
    }
  });

  /** 431 of HTTP, or the stream or connection is cut: no gRPC status, which clients call INTERNAL. */
  const isRefusedByTransport = (way: string, { status }: RawAnswer) =>
    status === (way.startsWith("gRPC") ? undefined : 431) ||
    (way === "JSON" && status === undefined);

  for (const size of [200 * kb, 1_000 * kb, 4_000 * kb]) {
    it(`is refused by the transport with ${size / kb} kB`, async () => {
      for (const [way, call] of Object.entries(ways())) {
        const answer = await call(tokenOf(size));
        assert.ok(isRefusedByTransport(way, answer), `${way}: ${JSON.stringify(answer)}`);
      }
    });
  }

  it("harms no caller beside it, at any size and by any way", async () => {
    const direct = new GrpcClient(scene.service.grpcPort);
    const callers = [scene.caller, { ...scene.caller, client: direct }];
    const frames = direct.watch(ScoreService.method.watchLeaderboard, { gameId });
    await frames.next();
    let isOver = false;
    const good = callers.map(async (caller) => {
      let calls = 0;
      for (; !isOver; calls++) await submit(caller, { gameId });
      return calls;
    });
    for (const size of [17, 40, 55, 59, 60, 61, 62, 64, 66, 100, 1_000]) {
      const token = tokenOf(size * kb);
      await Promise.all(Object.values(ways()).map((call) => call(token)));
    }
    isOver = true;
    for (const calls of await Promise.all(good)) assert.ok(calls > 0);
    const { value } = await frames.next();
    assert.ok(value, "the watch goes on");
    await frames.return(undefined);
    direct.close();
  });
});
