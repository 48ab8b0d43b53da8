import assert from "node:assert/strict";
import { EventEmitter, on } from "node:events";
import { mock } from "node:test";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { type ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import {
  ScoreService,
  type WatchLeaderboardRequest,
  type WatchLeaderboardResponseSchema,
} from "../../gen/score/v1/score_pb.js";
import { Backoff } from "../../web/backoff.ts";
import { Presence } from "../../web/presence.ts";
import { type Known, type Shown, watchBoard } from "../../web/watch.ts";

export type FrameInit = MessageInitShape<typeof WatchLeaderboardResponseSchema>;

/** A page that watches a service whose every message the test sends itself. */
export class WatchedPage {
  readonly ended: Promise<void>;
  readonly #stop = new AbortController();
  readonly #events = new EventEmitter();
  readonly #calls = on(this.#events, "call");
  readonly #shown = on(this.#events, "shown");
  readonly machine = new EventTarget();
  readonly #document = Object.assign(new EventTarget(), { hidden: false });
  readonly #presence: Presence;
  /** How often the page tried to open a line. */
  #tries = 0;

  constructor({ connect = () => Promise.resolve(), isHidden = false } = {}) {
    this.#document.hidden = isHidden;
    this.#presence = new Presence({
      page: this.#document,
      machine: this.machine,
      clock: () => Date.now(),
    });
    const transport = createRouterTransport(({ rpc }) => {
      rpc(ScoreService.method.watchLeaderboard, (request, { signal }) => {
        const call = new Call(request, signal);
        this.#events.emit("call", call);
        return call.frames;
      });
    });
    const client = createClient(ScoreService, transport);
    const open = async function* (known: Known, signal: AbortSignal) {
      await connect();
      yield* client.watchLeaderboard(known, { signal });
    };
    this.ended = watchBoard({
      open: (known, signal) => {
        this.#tries += 1;
        return open(known, signal);
      },
      show: (shown) => {
        if (shown.line.state !== "connecting") this.#events.emit("shown", shown);
      },
      backoff: new Backoff(() => 1),
      presence: this.#presence,
      clock: () => Date.now(),
      signal: this.#stop.signal,
    });
  }

  /** The next call that reaches the service. */
  async opened(): Promise<Call> {
    const { value } = await this.#calls.next();
    return value?.[0];
  }

  /** The next thing that the page shows. */
  async shown(): Promise<Shown> {
    const { value } = await this.#shown.next();
    return value?.[0];
  }

  /** What the page shows when its next call fails. */
  async fails(error: ConnectError): Promise<Shown> {
    const call = await this.opened();
    call.fail(error);
    return this.shown();
  }

  hide(): void {
    this.#document.hidden = true;
    this.#document.dispatchEvent(new Event("visibilitychange"));
  }

  look(): void {
    this.#document.hidden = false;
    this.#document.dispatchEvent(new Event("visibilitychange"));
  }

  /** Holds that the page does not try to open a line for `ms`. */
  async opensNotFor(ms: number): Promise<void> {
    const before = this.#tries;
    pass(ms);
    await new Promise(setImmediate);
    assert.equal(this.#tries, before);
  }

  /** Holds that the page tries again in `ms` from now and not before. */
  async opensAfter(ms: number): Promise<void> {
    const before = this.#tries;
    pass(ms - 1);
    await new Promise(setImmediate);
    assert.equal(this.#tries, before, `tries again before ${ms} ms`);
    pass(1);
    await new Promise(setImmediate);
    assert.equal(this.#tries, before + 1, `tries again after ${ms} ms`);
  }

  async close(): Promise<void> {
    this.#presence.close();
    this.#stop.abort();
    await this.ended;
  }
}

/** Lets time pass a second at a time: one great step of the mocked clock would look like a sleep. */
export function pass(ms: number): void {
  for (let left = ms; left > 0; left -= 1_000) mock.timers.tick(Math.min(left, 1_000));
}

/** The service's side of one watch. */
export class Call {
  readonly request: WatchLeaderboardRequest;
  readonly signal: AbortSignal;
  readonly frames: ReadableStream<FrameInit>;
  #out!: ReadableStreamDefaultController<FrameInit>;

  constructor(request: WatchLeaderboardRequest, signal: AbortSignal) {
    this.request = request;
    this.signal = signal;
    this.frames = new ReadableStream({
      start: (out) => {
        this.#out = out;
        signal.addEventListener("abort", () => out.error(signal.reason));
      },
    });
  }

  send(frame: FrameInit): void {
    this.#out.enqueue(frame);
  }

  end(): void {
    this.#out.close();
  }

  fail(error: ConnectError): void {
    this.#out.error(error);
  }
}
