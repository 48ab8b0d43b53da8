import { type CallConnection, openCalls, type Way } from "./call-connection.ts";
import { messageEnd, messageHeadBytes } from "./grpc-message.ts";
import type { Load } from "./load.ts";
import { Tally } from "./tally.ts";

/** Every so many answers one is checked. */
const sampleEvery = 997;

export interface UnaryOptions {
  readonly way: Way;
  readonly port: number;
  /** Of ScoreService. */
  readonly method: string;
  readonly token: string | undefined;
  readonly connections: number;
  /** Calls under way at any moment, in all. */
  readonly inFlight: number;
}

export interface UnaryResult {
  readonly seconds: number;
  readonly calls: number;
  /** Calls since the start, all of which succeeded. */
  readonly succeeded: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

interface Call {
  readonly sentAt: number;
  isAnswered: boolean;
}

/** What is called. */
export interface UnaryCalls {
  /** The next request, as it stands in a gRPC stream. */
  readonly next: () => Buffer;
  /** Throws when a sampled answer is wrong. */
  readonly check: (message: Uint8Array) => void;
}

/** Unary calls with a fixed number of them in flight: an answer is followed by the next call. */
export class UnaryLoad implements Load<UnaryResult> {
  readonly #options: UnaryOptions;
  readonly #calls: UnaryCalls;
  readonly #connections: CallConnection[] = [];
  readonly #idle = Promise.withResolvers<void>();
  readonly #tally = new Tally();
  #succeeded = 0;
  #inFlight = 0;
  #isEnding = false;

  constructor(options: UnaryOptions, calls: UnaryCalls) {
    this.#options = options;
    this.#calls = calls;
  }

  async start(): Promise<this> {
    const { connections } = this.#options;
    await Promise.all(Array.from({ length: connections }, () => this.#connect()));
    return this;
  }

  begin(): void {
    this.#tally.begin();
  }

  async end(): Promise<UnaryResult> {
    const { seconds, count: calls, percentiles } = this.#tally.read(0.5, 0.9, 0.99, 0.999);
    const [p50Ms, p90Ms, p99Ms, p999Ms] = percentiles;
    this.#isEnding = true;
    await this.#idle.promise;
    for (const connection of this.#connections) connection.close();
    return { seconds, calls, succeeded: this.#succeeded, p50Ms, p90Ms, p99Ms, p999Ms };
  }

  async #connect(): Promise<void> {
    const { connections, inFlight } = this.#options;
    const calls = new Map<number, Call>();
    const connection = await openCalls(
      { ...this.#options, isStream: false },
      {
        onData: (streamId, bytes, from, to) => {
          const call = calls.get(streamId);
          if (call === undefined || call.isAnswered || messageEnd(bytes, from) !== to) {
            throw new Error("an answer is not one whole message");
          }
          call.isAnswered = true;
          if (this.#succeeded % sampleEvery === 0) {
            this.#calls.check(bytes.subarray(from + messageHeadBytes, to));
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
      },
    );
    this.#connections.push(connection);
    for (let count = 0; count < inFlight / connections; count++) this.#call(connection, calls);
  }

  #call(connection: CallConnection, calls: Map<number, Call>): void {
    this.#inFlight += 1;
    const streamId = connection.call(this.#calls.next());
    calls.set(streamId, { sentAt: performance.now(), isAnswered: false });
  }

  #answered(ms: number): void {
    this.#inFlight -= 1;
    this.#tally.counted(1);
    this.#succeeded += 1;
    this.#tally.took(ms);
  }
}
