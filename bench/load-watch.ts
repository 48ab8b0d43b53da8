import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import {
  WatchLeaderboardRequestSchema,
  WatchLeaderboardResponseSchema,
} from "../gen/score/v1/score_pb.js";
import { type CallConnection, openCalls, type Way } from "./call-connection.ts";
import { GrpcMessages, grpcMessage } from "./grpc-message.ts";
import { Latencies } from "./latencies.ts";
import { type Load, serveLoad } from "./load.ts";

export interface WatchOptions {
  readonly port: number;
  readonly gameId: string;
  readonly connections: number;
  readonly watchesPerConnection: number;
  /** Entries in a frame. */
  readonly limit: number;
  readonly way: Way;
}

export interface WatchResult {
  readonly seconds: number;
  readonly messages: number;
  readonly bytes: number;
  /** What the watch with the fewest and the one with the most messages got. */
  readonly least: number;
  readonly most: number;
  /** Messages that were decoded and checked. */
  readonly sampled: number;
  /** From a change until a sampled watch had it. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Sample {
  readonly watch: number;
  /** Epoch ms. */
  readonly receivedAt: number;
  readonly bytes: Buffer;
}

/**
 * Many watches of one board. It counts messages by their length prefixes; of
 * the first watch on each connection it keeps them all, and decodes them when
 * the measure is over.
 */
class WatchLoad implements Load<WatchResult> {
  readonly #options: WatchOptions;
  readonly #counts: Uint32Array;
  readonly #samples: Sample[] = [];
  readonly #connections: CallConnection[] = [];
  #bytes = 0;
  #beganAt = 0;
  /** Watches whose first frame has not come. */
  #waiting: number;
  readonly #joined = Promise.withResolvers<void>();

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#waiting = options.connections * options.watchesPerConnection;
    this.#counts = new Uint32Array(this.#waiting);
  }

  async start(): Promise<this> {
    const { connections, watchesPerConnection } = this.#options;
    for (let index = 0; index < connections; index++) {
      await this.#connect(index * watchesPerConnection);
    }
    await this.#joined.promise;
    return this;
  }

  begin(): void {
    this.#counts.fill(0);
    this.#samples.length = 0;
    this.#bytes = 0;
    this.#beganAt = performance.now();
  }

  async end(): Promise<WatchResult> {
    const seconds = (performance.now() - this.#beganAt) / 1_000;
    for (const connection of this.#connections) connection.close();
    const counts = Float64Array.from(this.#counts).sort();
    const samples = this.#samples.splice(0);
    const messages = counts.reduce((sum, count) => sum + count, 0);
    const least = counts[0] ?? 0;
    if (least === 0) throw new Error("a watch got no message");
    const [p50Ms, p99Ms] = checkFrames(samples, this.#options.limit).percentiles(0.5, 0.99);
    const spread = { least, most: counts.at(-1) ?? 0, sampled: samples.length };
    return { seconds, messages, bytes: this.#bytes, ...spread, p50Ms, p99Ms };
  }

  async #connect(firstWatch: number): Promise<void> {
    const { way, port, gameId, limit, watchesPerConnection } = this.#options;
    const watches = Array.from({ length: watchesPerConnection }, (_, index) =>
      this.#receiver(firstWatch + index, index === 0),
    );
    const calls = { way, port, method: "WatchLeaderboard", token: undefined, isStream: true };
    const connection = await openCalls(calls, {
      onData: (streamId, bytes, from, to) => watches[(streamId - 1) / 2]?.push(bytes, from, to),
      onEnd: () => {
        throw new Error("a watch ended");
      },
    });
    this.#connections.push(connection);
    const request = create(WatchLeaderboardRequestSchema, { gameId, limit });
    const bytes = grpcMessage(toBinary(WatchLeaderboardRequestSchema, request));
    for (const _ of watches) connection.call(bytes);
  }

  #receiver(watch: number, isSampled: boolean): GrpcMessages {
    return new GrpcMessages((bytes, from, to) => {
      this.#bytes += to - from;
      const count = (this.#counts[watch] ?? 0) + 1;
      this.#counts[watch] = count;
      if (isSampled) {
        const copy = Buffer.from(bytes.subarray(from, to));
        this.#samples.push({ watch, receivedAt: Date.now(), bytes: copy });
      }
      // The counts are set back when the measure begins, which is after this.
      if (count === 1 && this.#waiting > 0) {
        this.#waiting -= 1;
        if (this.#waiting === 0) this.#joined.resolve();
      }
    });
  }
}

/** Every frame is the whole top, and none of a watch is older than the one before; gives the ages. */
function checkFrames(samples: readonly Sample[], limit: number): Latencies {
  const ages = new Latencies();
  const last = new Map<number, { epoch: bigint; version: bigint }>();
  for (const { watch, receivedAt, bytes } of samples) {
    const frame = fromBinary(WatchLeaderboardResponseSchema, bytes);
    const { epoch, version, entries, changedAt, heartbeat } = frame;
    if (heartbeat || entries.length !== limit || changedAt === undefined) {
      throw new Error("a frame is not the whole top");
    }
    if (entries.some(({ rank }, place) => rank !== BigInt(place + 1))) {
      throw new Error("a frame is out of order");
    }
    const before = last.get(watch);
    if (before && (epoch < before.epoch || (epoch === before.epoch && version <= before.version))) {
      throw new Error(`version ${version} came after ${before.version}`);
    }
    last.set(watch, { epoch, version });
    ages.add(receivedAt - timestampMs(changedAt));
  }
  return ages;
}

serveLoad((options: WatchOptions) => new WatchLoad(options).start());
