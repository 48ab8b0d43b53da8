import { fromBinary } from "@bufbuild/protobuf";
import { StreamScoresResponseSchema } from "../gen/score/v1/score_pb.js";
import { GrpcMessages } from "./grpc-message.ts";
import { callHeaders } from "./header-block.ts";
import { Http2Connection } from "./http2-connection.ts";
import { type Load, serveLoad } from "./load.ts";
import { actionNumber, ScoreRequest } from "./score-request.ts";
import { Tally } from "./tally.ts";

/** Field 1, a string: the `action_id`; field 2, a message: `accepted`. */
const actionIdTag = 0x0a;
const acceptedTag = 0x12;

/** Every so many acknowledgements one is decoded and checked. */
const sampleEvery = 997;

/** Events whose time of sending is kept; far more than are under way. */
const remembered = 2 ** 20;

export interface StreamOptions {
  readonly port: number;
  readonly token: string;
  readonly gameId: string;
  /** Makes the action ids differ from those of other runs. */
  readonly run: string;
  readonly players: number;
  readonly streams: number;
  /** The most events of a stream that are not acknowledged. */
  readonly inFlight: number;
}

export interface StreamResult {
  readonly seconds: number;
  readonly events: number;
  /** Since the start: what the ledger must hold. */
  readonly accepted: number;
  /** Acknowledgements that were decoded and checked since the start, and those without a rank. */
  readonly sampled: number;
  readonly unranked: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** StreamScores on connections of their own: acknowledged events are followed by as many new ones. */
class StreamLoad implements Load<StreamResult> {
  readonly #options: StreamOptions;
  readonly #request: ScoreRequest;
  readonly #idle = Promise.withResolvers<void>();
  /** When an event was sent, at its number modulo the length; 0 when none is under way there. */
  readonly #sentAt = new Float64Array(remembered);
  readonly #tally = new Tally();
  #accepted = 0;
  #sampled = 0;
  #unranked = 0;
  #nextAction = 0;
  #openStreams = 0;
  #isEnding = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#request = new ScoreRequest(options.gameId, options.run);
  }

  async start(): Promise<this> {
    await Promise.all(Array.from({ length: this.#options.streams }, () => this.#open()));
    return this;
  }

  begin(): void {
    this.#tally.begin();
  }

  async end(): Promise<StreamResult> {
    const { seconds, count: events, percentiles } = this.#tally.read(0.5, 0.99);
    const [p50Ms, p99Ms] = percentiles;
    this.#isEnding = true;
    await this.#idle.promise;
    if (this.#accepted !== this.#nextAction) throw new Error("an event was not acknowledged");
    const since = { accepted: this.#accepted, sampled: this.#sampled, unranked: this.#unranked };
    return { seconds, events, ...since, p50Ms, p99Ms };
  }

  async #open(): Promise<void> {
    const { port, token, inFlight } = this.#options;
    let isHalfClosed = false;
    let free = 0;
    const messages = new GrpcMessages((bytes, from, to) => {
      this.#acknowledged(bytes, from, to);
      free += 1;
    });
    const connection = await Http2Connection.open(port, callHeaders("StreamScores", token), {
      onData: (streamId, bytes, from, to) => {
        messages.push(bytes, from, to);
        if (isHalfClosed || free === 0) return;
        isHalfClosed = this.#isEnding;
        connection.send(streamId, isHalfClosed ? Buffer.alloc(0) : this.#next(free), isHalfClosed);
        free = 0;
      },
      onEnd: () => {
        if (!isHalfClosed) throw new Error("a stream failed");
        connection.close();
        this.#openStreams -= 1;
        if (this.#openStreams === 0) this.#idle.resolve();
      },
    });
    this.#openStreams += 1;
    connection.call(this.#next(inFlight), false);
  }

  /** The bytes of `count` new events. */
  #next(count: number): Buffer {
    const { players } = this.#options;
    const { byteLength } = this.#request;
    const bytes = Buffer.allocUnsafe(count * byteLength);
    const now = performance.now();
    for (let offset = 0; offset < bytes.length; offset += byteLength) {
      const action = this.#nextAction++;
      if (this.#sentAt[action % remembered] !== 0) throw new Error("an event stays unanswered");
      this.#sentAt[action % remembered] = now;
      this.#request.write(bytes, offset, Math.floor(Math.random() * players), action);
    }
    return bytes;
  }

  #acknowledged(bytes: Buffer, from: number, to: number): void {
    const actionEnd = from + 2 + (bytes[from + 1] ?? 0);
    if (bytes[from] !== actionIdTag || bytes[actionEnd] !== acceptedTag) {
      const { outcome } = fromBinary(StreamScoresResponseSchema, bytes.subarray(from, to));
      const why = outcome.case === "error" ? outcome.value.message : "no outcome";
      throw new Error(`an event was refused: ${why}`);
    }
    const place = actionNumber(bytes, actionEnd) % remembered;
    const sentAt = this.#sentAt[place];
    if (!sentAt) throw new Error("an event was acknowledged twice, or never sent");
    this.#sentAt[place] = 0;
    if (this.#accepted % sampleEvery === 0) this.#check(bytes.subarray(from, to));
    this.#tally.counted(1);
    this.#accepted += 1;
    this.#tally.took(performance.now() - sentAt);
  }

  #check(bytes: Uint8Array): void {
    const { outcome } = fromBinary(StreamScoresResponseSchema, bytes);
    const accepted = outcome.case === "accepted" ? outcome.value : undefined;
    if (!accepted || accepted.duplicate || accepted.seq < 1n || accepted.standings.length !== 1) {
      throw new Error("an acknowledgement is wrong");
    }
    this.#sampled += 1;
    if (accepted.standings[0]?.rank === undefined) this.#unranked += 1;
  }
}

serveLoad((options: StreamOptions) => new StreamLoad(options).start());
