import { createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
} from "@grpc/grpc-js";
import {
  ScoreService,
  UpdateScoreResponseSchema,
  WatchLeaderboardResponseSchema,
} from "../gen/score/v1/score_pb.js";
import { grpcMessage } from "./grpc-message.ts";
import { playerId } from "./score-request.ts";

/** What a service is made of, with nothing in it. */
export type Bare = "node:http2" | "grpc-js";

export interface BareOptions {
  readonly bare: Bare;
  /** Of the frames to watches, and their entries. */
  readonly tickMs: number;
  readonly limit: number;
}

const paths = {
  unary: `/${ScoreService.typeName}/${ScoreService.method.updateScore.name}`,
  watch: `/${ScoreService.typeName}/${ScoreService.method.watchLeaderboard.name}`,
} as const;

/** As long as the service's. */
const answer = toBinary(
  UpdateScoreResponseSchema,
  create(UpdateScoreResponseSchema, {
    seq: 1_000_000n,
    committedAt: timestampFromMs(Date.now()),
    standings: [
      { boardId: "main", score: 1_000n, rank: 1_000n, previousScore: 900n, previousRank: 1_100n },
    ],
  }),
);

/** Takes a frame when it may, and says when it may take the next. */
type Watcher = (frame: Buffer, drained: () => void) => void;

/** Every tick a new frame to each watcher that has taken the last: what a hub does, and no more. */
class Ticker {
  readonly #options: BareOptions;
  readonly #framed: (frame: Uint8Array) => Buffer;
  readonly #watchers = new Map<Watcher, { isDrained: boolean }>();
  #version = 0n;

  constructor(options: BareOptions, framed: (frame: Uint8Array) => Buffer) {
    this.#options = options;
    this.#framed = framed;
  }

  add(watcher: Watcher): void {
    if (this.#watchers.size === 0) setInterval(() => this.#tick(), this.#options.tickMs);
    this.#watchers.set(watcher, { isDrained: true });
  }

  #tick(): void {
    const frame = this.#framed(this.#nextFrame(this.#options.limit));
    for (const [send, state] of this.#watchers) {
      if (!state.isDrained) continue;
      state.isDrained = false;
      send(frame, () => {
        state.isDrained = true;
      });
    }
  }

  #nextFrame(limit: number): Uint8Array {
    const changedAt = timestampFromMs(Date.now());
    this.#version += 1n;
    const entries = Array.from({ length: limit }, (_, place) => ({
      playerId: playerId(place),
      displayName: playerId(place),
      score: 1_000_000n - BigInt(place),
      rank: BigInt(place + 1),
      updatedAt: changedAt,
    }));
    const state = { epoch: 1n, version: this.#version, totalPlayers: 100_000n, changedAt };
    const frame = create(WatchLeaderboardResponseSchema, { entries, ...state, changes: 100_000n });
    return toBinary(WatchLeaderboardResponseSchema, frame);
  }
}

function serveHttp2(options: BareOptions): Promise<number> {
  const ticker = new Ticker(options, grpcMessage);
  const message = grpcMessage(answer);
  const headers = { ":status": 200, "content-type": "application/grpc" };
  const answerCall = (stream: ServerHttp2Stream) => {
    stream.respond(headers, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(message);
  };
  const server = createServer();
  server.on("stream", (stream, { ":path": path }) => {
    stream.on("error", () => {});
    stream.resume();
    if (path === paths.unary) stream.on("end", () => answerCall(stream));
    else {
      stream.respond(headers);
      ticker.add((frame, drained) => void stream.write(frame, drained));
    }
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

async function serveGrpcJs(options: BareOptions): Promise<number> {
  const ticker = new Ticker(options, (frame) => Buffer.from(frame));
  const message = Buffer.from(answer);
  const asItIs = {
    requestStream: false,
    requestSerialize: (bytes: Buffer) => bytes,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (bytes: Buffer) => bytes,
    responseDeserialize: (bytes: Buffer) => bytes,
  };
  const unary: handleUnaryCall<Buffer, Buffer> = (_, callback) => callback(null, message);
  const watch: handleServerStreamingCall<Buffer, Buffer> = (call) =>
    ticker.add((frame, drained) => void call.write(frame, drained));
  // Off, as the service has it.
  const server = new Server({ "grpc.enable_channelz": 0 });
  server.addService(
    {
      unary: { path: paths.unary, responseStream: false, ...asItIs },
      watch: { path: paths.watch, responseStream: true, ...asItIs },
    },
    { unary, watch },
  );
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}

process.once("message", async (options: BareOptions) => {
  const serve = options.bare === "grpc-js" ? serveGrpcJs : serveHttp2;
  process.send?.(await serve(options));
});
process.on("disconnect", () => process.exit());
