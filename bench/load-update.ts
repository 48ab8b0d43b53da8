import { fromBinary } from "@bufbuild/protobuf";
import { UpdateScoreResponseSchema } from "../gen/score/v1/score_pb.js";
import { messageEnd, messageHeadBytes } from "./grpc-message.ts";
import { callHeaders } from "./header-block.ts";
import { Http2Connection } from "./http2-connection.ts";
import { Latencies } from "./latencies.ts";
import { type Load, serveLoad } from "./load.ts";
import { ScoreRequest } from "./score-request.ts";

/** Every so many answers one is decoded and checked. */
const sampleEvery = 997;

export interface UpdateOptions {
  readonly port: number;
  readonly token: string;
  readonly gameId: string;
  /** Makes the action ids differ from those of other runs. */
  readonly run: string;
  readonly players: number;
  readonly connections: number;
  /** Calls under way at any moment, in all. */
  readonly inFlight: number;
}

export interface UpdateResult {
  readonly seconds: number;
  readonly calls: number;
  /** Since the start: what the ledger must hold. */
  readonly accepted: number;
  /** Answers that were decoded and checked since the start, and those of them without a rank. */
  readonly sampled: number;
  readonly unranked: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Call {
  readonly sentAt: number;
  isAnswered: boolean;
}

/** UpdateScore with a fixed number of calls in flight: an answer is followed by the next call. */
class UpdateLoad implements Load<UpdateResult> {
  readonly #options: UpdateOptions;
  readonly #request: ScoreRequest;
  readonly #connections: Http2Connection[] = [];
  readonly #idle = Promise.withResolvers<void>();
  #latencies = new Latencies();
  #beganAt = 0;
  #calls = 0;
  #accepted = 0;
  #sampled = 0;
  #unranked = 0;
  #nextAction = 0;
  #inFlight = 0;
  #isEnding = false;

  constructor(options: UpdateOptions) {
    this.#options = options;
    this.#request = new ScoreRequest(options.gameId, options.run);
  }

  async start(): Promise<this> {
    const { connections } = this.#options;
    await Promise.all(Array.from({ length: connections }, () => this.#connect()));
    return this;
  }

  begin(): void {
    this.#latencies = new Latencies();
    this.#calls = 0;
    this.#beganAt = performance.now();
  }

  async end(): Promise<UpdateResult> {
    const seconds = (performance.now() - this.#beganAt) / 1_000;
    const calls = this.#calls;
    const [p50Ms, p99Ms] = this.#latencies.percentiles(0.5, 0.99);
    this.#isEnding = true;
    await this.#idle.promise;
    for (const connection of this.#connections) connection.close();
    const since = { accepted: this.#accepted, sampled: this.#sampled, unranked: this.#unranked };
    return { seconds, calls, ...since, p50Ms, p99Ms };
  }

  async #connect(): Promise<void> {
    const { port, token, connections, inFlight } = this.#options;
    const calls = new Map<number, Call>();
    const connection = await Http2Connection.open(port, callHeaders("UpdateScore", token), {
      onData: (streamId, bytes, from, to) => {
        const call = calls.get(streamId);
        if (call === undefined || call.isAnswered || messageEnd(bytes, from) !== to) {
          throw new Error("an answer is not one whole message");
        }
        call.isAnswered = true;
        if (this.#accepted % sampleEvery === 0) {
          this.#check(bytes.subarray(from + messageHeadBytes, to));
        }
      },
      onEnd: (streamId) => {
        const call = calls.get(streamId);
        calls.delete(streamId);
        if (!call?.isAnswered) throw new Error("a call failed");
        this.#answered(performance.now() - call.sentAt);
        if (!this.#isEnding) this.#call(connection, calls);
        else if (this.#inFlight === 0) this.#idle.resolve();
      },
    });
    this.#connections.push(connection);
    for (let count = 0; count < inFlight / connections; count++) this.#call(connection, calls);
  }

  #call(connection: Http2Connection, calls: Map<number, Call>): void {
    const { players } = this.#options;
    const bytes = Buffer.allocUnsafe(this.#request.byteLength);
    this.#request.write(bytes, 0, Math.floor(Math.random() * players), this.#nextAction++);
    this.#inFlight += 1;
    calls.set(connection.call(bytes, true), { sentAt: performance.now(), isAnswered: false });
  }

  #answered(ms: number): void {
    this.#inFlight -= 1;
    this.#calls += 1;
    this.#accepted += 1;
    this.#latencies.add(ms);
  }

  #check(bytes: Uint8Array): void {
    const { duplicate, seq, standings } = fromBinary(UpdateScoreResponseSchema, bytes);
    if (duplicate || seq < 1n || standings.length !== 1) throw new Error("an answer is wrong");
    this.#sampled += 1;
    if (standings[0]?.rank === undefined) this.#unranked += 1;
  }
}

serveLoad((options: UpdateOptions) => new UpdateLoad(options).start());
