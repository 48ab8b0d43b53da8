import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  ScoreService,
  WatchLeaderboardRequestSchema,
  type WatchLeaderboardResponse,
  WatchLeaderboardResponseSchema,
} from "../../gen/score/v1/score_pb.js";
import { enveloped, envelopes } from "../lanes/envelopes.ts";
import { newEvent, newGame, submit } from "../lanes/games.ts";
import { GrpcClient } from "../lanes/grpc-client.ts";
import { HealthClient } from "../lanes/health-client.ts";
import { newId } from "../lanes/lane-suite.ts";
import { connectionManagerOf } from "../servers/envoy-server.ts";
import { type EnvoyScene, openEnvoyScene } from "./envoy-scene.ts";

/** More than the requests at a time that Envoy takes when it is not told otherwise. */
const manyWatchers = 2_000;

describe("watches through Envoy", () => {
  let scene: EnvoyScene;
  before(async () => {
    // They all have one address.
    scene = await openEnvoyScene({ SCORE_MAX_WATCHES_PER_CALLER: "0" });
  });
  after(() => scene?.close());

  it(`reach ${manyWatchers} gRPC-Web watchers at once, each with each frame in order`, async () => {
    const gameId = await newGame(scene.caller);
    const watchers = await Promise.all(
      Array.from({ length: manyWatchers }, () => GrpcWebWatch.open(scene.envoy.port, gameId)),
    );
    try {
      for (const score of [1n, 2n, 3n]) {
        await submit(scene.caller, { gameId });
        await Promise.all(watchers.map((watch) => watch.shows(score)));
      }
    } finally {
      for (const watch of watchers) watch.close();
    }
  });
});

describe("what is open through Envoy, and silent for longer than any timeout", () => {
  let scene: EnvoyScene;
  before(async () => {
    // The default of a route is 15 s; the idle time, which watches never reach, is made short.
    const change = (config: unknown) => {
      connectionManagerOf(config).stream_idle_timeout = "2s";
    };
    scene = await openEnvoyScene({}, { change });
  });
  after(async () => {
    for (const end of cleanUp) end();
    await scene?.close();
  });
  const cleanUp: (() => void)[] = [];

  it("goes on: a watch through gRPC and gRPC-Web, a pipe of scores, and one of health", async () => {
    const gameId = await newGame(scene.caller);
    const client = new GrpcClient(scene.envoy.port);
    const { watchLeaderboard } = ScoreService.method;
    const left = new AbortController();
    const watch = client.watch(watchLeaderboard, { gameId }, { signal: left.signal });
    const web = await GrpcWebWatch.open(scene.envoy.port, gameId);
    const pipe = client.stream(scene.caller.server);
    const broken = once(pipe, "error").then(([error]) => Promise.reject(error));
    broken.catch(() => {});
    const answer = async () => (await Promise.race([once(pipe, "data"), broken]))[0];
    cleanUp.push(
      () => left.abort(),
      () => pipe.cancel(),
      () => web.close(),
      () => client.close(),
    );
    const health = new HealthClient(scene.envoy.port);
    const statuses = health.watch("");
    assert.equal((await statuses.next()).value, "SERVING");
    const healthEnds = statuses.next();
    cleanUp.push(() => health.close());
    const actionId = newId("action");
    pipe.write(newEvent({ gameId, actionId }));
    assert.equal((await answer()).actionId, actionId);
    const entries = async () => {
      for (;;) {
        const { value, done } = await watch.next();
        if (done) throw new Error("the watch ended");
        if (!value.heartbeat) return value.entries;
      }
    };
    while ((await entries()).length === 0);
    await web.shows(1n);

    // Past the route's default timeout, and many times the idle one.
    await pause(17_000);

    pipe.write(newEvent({ gameId }));
    const open = pause(0, "open");
    assert.equal(await Promise.race([healthEnds.then(() => "ended"), open]), "open");
    await answer();
    assert.equal((await entries())[0]?.score, 2n);
    await web.shows(2n);
  });
});

/** A browser's watch: gRPC-Web over HTTP/1.1, each on a connection of its own. */
class GrpcWebWatch {
  readonly #close: () => void;
  readonly #frames: AsyncGenerator<WatchLeaderboardResponse>;

  private constructor(close: () => void, frames: AsyncGenerator<WatchLeaderboardResponse>) {
    this.#close = close;
    this.#frames = frames;
  }

  /** Resolves when the answer has begun. */
  static async open(port: number, gameId: string): Promise<GrpcWebWatch> {
    const agent = new Agent();
    const call = request({
      agent,
      port,
      host: "127.0.0.1",
      method: "POST",
      path: "/score.v1.ScoreService/WatchLeaderboard",
      headers: { "content-type": "application/grpc-web+proto", "x-grpc-web": "1" },
    });
    const message = toBinary(
      WatchLeaderboardRequestSchema,
      create(WatchLeaderboardRequestSchema, { gameId, limit: 10 }),
    );
    call.end(enveloped(message));
    const [response] = await once(call, "response");
    assert.equal(response.statusCode, 200);
    const close = () => {
      response.on("error", () => {});
      call.destroy();
      agent.destroy();
    };
    return new GrpcWebWatch(close, framesOf(response));
  }

  /** Resolves when ada's score is shown; rejects when a frame goes back behind an earlier one. */
  async shows(score: bigint): Promise<void> {
    let last = 0n;
    for (;;) {
      const { value, done } = await this.#frames.next();
      if (done) throw new Error("the watch ended");
      assert.ok(value.version >= last, "a frame older than the one before");
      last = value.version;
      if (!value.heartbeat && value.entries[0]?.score === score) return;
    }
  }

  close(): void {
    this.#close();
  }
}

async function* framesOf(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<WatchLeaderboardResponse> {
  for await (const { flags, bytes } of envelopes(body)) {
    assert.equal(flags, 0, "a message, not the end");
    yield fromBinary(WatchLeaderboardResponseSchema, bytes);
  }
}
