import assert from "node:assert/strict";
import { EventEmitter, on } from "node:events";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { RetryInfoSchema } from "../gen/google/rpc/error_details_pb.js";
import {
  ScoreService,
  type WatchLeaderboardRequest,
  type WatchLeaderboardResponseSchema,
} from "../gen/score/v1/score_pb.js";
import { Backoff } from "./backoff.ts";
import { Presence } from "./presence.ts";
import { type Known, type Shown, watchBoard } from "./watch.ts";

type FrameInit = MessageInitShape<typeof WatchLeaderboardResponseSchema>;

const first: FrameInit = {
  epoch: 2n,
  version: 7n,
  totalPlayers: 1n,
  entries: [{ playerId: "ada", displayName: "Ada", score: 10n, rank: 1n }],
};
const heartbeat: FrameInit = { epoch: 2n, version: 7n, totalPlayers: 1n, heartbeat: true };

describe("a watched board", () => {
  let page: Page;
  beforeEach(() => {
    mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
    page = new Page();
  });
  afterEach(async () => {
    await page.close();
    mock.timers.reset();
  });

  it("shows each frame", async () => {
    const call = await page.opened();
    assert.deepEqual(known(call), [0n, 0n]);
    call.send(first);
    assert.equal(summary(await page.shown()), "live: ada 10");
    call.send({ ...first, version: 8n, entries: [] });
    assert.equal(summary(await page.shown()), "live: ");
  });

  it("keeps the table through a heartbeat", async () => {
    const call = await page.opened();
    call.send(first);
    await page.shown();
    call.send(heartbeat);
    assert.equal(summary(await page.shown()), "live: ada 10");
  });

  it("keeps the table when the line ends and names the frame it shows when it calls again", async () => {
    const call = await page.opened();
    call.send(first);
    await page.shown();
    call.end();
    assert.equal(summary(await page.shown()), "reconnecting: ada 10");
    pass(250);
    const again = await page.opened();
    assert.deepEqual(known(again), [2n, 7n]);
    again.send(heartbeat);
    assert.equal(summary(await page.shown()), "live: ada 10");
  });

  it("says since when the shown state is old", async () => {
    const call = await page.opened();
    call.send(first);
    assert.equal((await page.shown()).staleSince, undefined);
    pass(7_000);
    call.send(heartbeat);
    await page.shown();
    const heard = Date.now();
    pass(900);
    call.end();
    assert.equal((await page.shown()).staleSince, heard);
  });

  it("gives up a silent line after 20 s", async () => {
    const call = await page.opened();
    call.send(first);
    await page.shown();
    pass(19_999);
    call.send(heartbeat);
    assert.equal(summary(await page.shown()), "live: ada 10");
    pass(19_999);
    assert.equal(call.signal.aborted, false);
    pass(1);
    assert.equal(summary(await page.shown()), "reconnecting: ada 10");
    assert.equal(call.signal.aborted, true);
  });

  it("gives up a call that says nothing within 4 s, the next one within 8 s", async () => {
    const call = await page.opened();
    pass(3_999);
    assert.equal(call.signal.aborted, false);
    pass(1);
    assert.equal(summary(await page.shown()), "reconnecting: ");
    await page.opensAfter(250);
    const again = await page.opened();
    pass(7_999);
    assert.equal(again.signal.aborted, false);
    pass(1);
    assert.equal(summary(await page.shown()), "reconnecting: ");
  });

  it("waits twice as long after each failure, up to 2 s", async () => {
    for (const wait of [250, 500, 1_000, 2_000, 2_000]) {
      await page.fails(new ConnectError("down", Code.Unavailable));
      await page.opensAfter(wait);
    }
  });

  it("starts the waits over only after a line that held", async () => {
    await page.fails(new ConnectError("down", Code.Unavailable));
    await page.opensAfter(250);
    const short = await page.opened();
    short.send(first);
    await page.shown();
    short.end();
    await page.shown();
    await page.opensAfter(500);
    const long = await page.opened();
    long.send(first);
    await page.shown();
    pass(2_000);
    long.end();
    await page.shown();
    await page.opensAfter(250);
  });

  it("waits as long as the service asks", async () => {
    const retryDelay = durationFromMs(5_000);
    const details = [{ desc: RetryInfoSchema, value: { retryDelay } }];
    const error = new ConnectError("too many watches", Code.ResourceExhausted, undefined, details);
    assert.equal(summary(await page.fails(error)), "failing (too many watches): ");
    await page.opensAfter(5_250);
  });

  it("tries a service that is away as often as ever, whatever it asked", async () => {
    const retryDelay = durationFromMs(5_000);
    const details = [{ desc: RetryInfoSchema, value: { retryDelay } }];
    await page.fails(new ConnectError("shutting down", Code.Unavailable, undefined, details));
    await page.opensAfter(250);
  });

  it("holds no line while nobody looks, and names the frame it shows when somebody is back", async () => {
    const call = await page.opened();
    call.send(first);
    await page.shown();
    page.hide();
    pass(3_999);
    assert.equal(call.signal.aborted, false);
    pass(1);
    assert.equal(summary(await page.shown()), "reconnecting: ada 10");
    assert.equal(call.signal.aborted, true);
    await page.opensNotFor(600_000);
    page.look();
    const again = await page.opened();
    assert.deepEqual(known(again), [2n, 7n]);
    again.send(heartbeat);
    assert.equal(summary(await page.shown()), "live: ada 10");
  });

  it("opens no line in a tab that was opened in the background", async () => {
    await page.close();
    page = new Page({ isHidden: true });
    await page.opensNotFor(60_000);
    page.look();
    await page.opened();
  });

  it("keeps the line when a tab is hidden for a moment", async () => {
    const call = await page.opened();
    call.send(first);
    await page.shown();
    page.hide();
    pass(900);
    page.look();
    pass(10_000);
    assert.equal(call.signal.aborted, false);
  });

  it("opens the line anew after the machine slept", async () => {
    const call = await page.opened();
    call.send(first);
    await page.shown();
    mock.timers.setTime(Date.now() + 3_600_000);
    mock.timers.tick(1_000);
    assert.equal(call.signal.aborted, true);
    assert.equal(summary(await page.shown()), "reconnecting: ada 10");
    assert.deepEqual(known(await page.opened()), [2n, 7n]);
  });

  it("opens the line anew when the page is taken out of the browser's cache, not when it is loaded", async () => {
    const call = await page.opened();
    page.machine.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: false }));
    assert.equal(call.signal.aborted, false);
    page.machine.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
    assert.equal(call.signal.aborted, true);
    await page.opened();
  });

  it("tries at once when the network is back", async () => {
    for (let failure = 0; failure < 4; failure += 1) {
      await page.fails(new ConnectError("down", Code.Unavailable));
      page.machine.dispatchEvent(new Event("online"));
    }
    await page.opened();
  });

  it("drops the table of a board that is gone and waits for it", async () => {
    const call = await page.opened();
    call.send(first);
    await page.shown();
    call.fail(new ConnectError("unknown board", Code.NotFound));
    assert.equal(summary(await page.shown()), "missing: ");
    await page.opensAfter(250);
    const again = await page.opened();
    assert.deepEqual(known(again), [0n, 0n]);
    again.send(first);
    assert.equal(summary(await page.shown()), "live: ada 10");
  });

  it("stops when the service finds the request wrong", async () => {
    const error = new ConnectError("limit is wrong", Code.InvalidArgument);
    assert.equal(summary(await page.fails(error)), "refused (limit is wrong): ");
    await page.ended;
  });

  it("shows a broken connection as reconnecting, not as an error of the service", async () => {
    await page.close();
    const connect = () => Promise.reject(new TypeError("Failed to fetch"));
    const broken = new Page({ connect });
    assert.equal(summary(await broken.shown()), "reconnecting: ");
    await broken.close();
  });

  it("ends its call when it is stopped", async () => {
    const call = await page.opened();
    call.send(first);
    await page.shown();
    await page.close();
    assert.equal(call.signal.aborted, true);
  });
});

/** A page that watches a service whose every message the test sends itself. */
class Page {
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
function pass(ms: number): void {
  for (let left = ms; left > 0; left -= 1_000) mock.timers.tick(Math.min(left, 1_000));
}

/** The service's side of one watch. */
class Call {
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

function known({ request }: Call): [bigint, bigint] {
  return [request.knownEpoch, request.knownVersion];
}

function summary({ line, frame }: Shown): string {
  const message = "message" in line ? ` (${line.message})` : "";
  const rows = frame?.entries.map(({ playerId, score }) => `${playerId} ${score}`) ?? [];
  return `${line.state}${message}: ${rows.join(", ")}`;
}
