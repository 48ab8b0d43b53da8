import { Code, ConnectError } from "@connectrpc/connect";
import type { WatchLeaderboardResponse } from "../gen/score/v1/score_pb.js";
import { type Backoff, longestMs } from "./backoff.ts";
import { type Line, lineAfter, waitAfter } from "./line.ts";
import type { Presence } from "./presence.ts";

/** Heartbeats come every 15 s: a line without any message for so long is dead. */
const silenceMs = 20_000;
/** The first message comes at once: a call without one for so long is tried anew, with twice the patience. */
const patienceMs = 4_000;
/** A line that said something so recently is no suspect after waking, in ms. */
const freshMs = 1_000;

/** What the page shows. */
export interface Shown {
  readonly line: Line;
  /** The newest state; never a heartbeat. Undefined while there is none. */
  readonly frame: WatchLeaderboardResponse | undefined;
  /** When the line last said that `frame` is current (epoch ms). Undefined while live or without a frame. */
  readonly staleSince: number | undefined;
  /** The count of changes in the message that led to this; undefined when it was none. */
  readonly changes: bigint | undefined;
}

/** The state that a watch names as known; both zero: none. */
export interface Known {
  readonly knownEpoch: bigint;
  readonly knownVersion: bigint;
}

export interface WatchOptions {
  /** Opens a stream of frames that ends when `signal` aborts. */
  readonly open: (known: Known, signal: AbortSignal) => AsyncIterable<WatchLeaderboardResponse>;
  /** Called for every message and every change of the line. */
  readonly show: (shown: Shown) => void;
  readonly backoff: Backoff;
  /** Nothing is open while it is away. */
  readonly presence: Presence;
  /** Epoch ms. */
  readonly clock: () => number;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/**
 * Follows a board and opens the line again whenever it breaks, ends, falls
 * silent or may have died in the machine's sleep, keeping the newest frame
 * meanwhile. Holds no line while nobody looks. Resolves when `signal` aborts
 * or the service refuses the request as wrong; rejects only what `show` throws.
 */
export async function watchBoard(options: WatchOptions): Promise<void> {
  const { open, show, backoff, presence, clock, signal } = options;
  let frame: WatchLeaderboardResponse | undefined;
  /** When the last message came (epoch ms). */
  let heardAt = Number.NEGATIVE_INFINITY;
  /** Calls in a row that gave no message within their patience. */
  let silentCalls = 0;
  const staleSince = () => (frame ? heardAt : undefined);
  const showBroken = (line: Line) =>
    show({ line, frame, staleSince: staleSince(), changes: undefined });
  showBroken({ state: "connecting" });
  while (!signal.aborted) {
    if (presence.isAway) {
      await pause(Number.POSITIVE_INFINITY, presence, signal);
      continue;
    }
    let liveSince: number | undefined;
    const call = new AbortController();
    const unfollow = presence.on((change) => {
      if (change === "woken" && Math.abs(clock() - heardAt) < freshMs) return;
      call.abort(new ConnectError(`the page is ${change}`, Code.Unavailable));
    });
    const error = await follow({
      open: (stop) =>
        open({ knownEpoch: frame?.epoch ?? 0n, knownVersion: frame?.version ?? 0n }, stop),
      take: (message) => {
        heardAt = clock();
        liveSince ??= heardAt;
        if (!message.heartbeat) frame = message;
        const { changes } = message;
        show({ line: { state: "live" }, frame, staleSince: undefined, changes });
      },
      patience: Math.min(patienceMs * 2 ** silentCalls, silenceMs),
      signal: AbortSignal.any([signal, call.signal]),
    });
    unfollow();
    if (signal.aborted) return;
    const line = lineAfter(error);
    if (line.state === "missing") frame = undefined;
    showBroken(line);
    if (line.state === "refused") return;
    if (call.signal.aborted) {
      backoff.reset();
      continue;
    }
    silentCalls = error === silent && liveSince === undefined ? silentCalls + 1 : 0;
    // A line that breaks as soon as it stands must not bring the short waits back.
    if (liveSince !== undefined && clock() - liveSince >= longestMs) backoff.reset();
    await pause(waitAfter(error, backoff.next()), presence, signal);
  }
}

const silent = new ConnectError("the line is silent", Code.Unavailable);

interface Following {
  readonly open: (signal: AbortSignal) => AsyncIterable<WatchLeaderboardResponse>;
  readonly take: (message: WatchLeaderboardResponse) => void;
  /** How long the first message may take, in ms. */
  readonly patience: number;
  readonly signal: AbortSignal;
}

/** Hands on the messages of one stream; resolves with the error that ended it, if any. */
async function follow({ open, take, patience, signal }: Following): Promise<unknown> {
  const call = new AbortController();
  const giveUp = () => call.abort(silent);
  let silence = setTimeout(giveUp, patience);
  const messages = open(AbortSignal.any([signal, call.signal]))[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await messages.next().catch((error: unknown) => ({ error }));
      // An abort reaches us wrapped in what the transport makes of it.
      if (call.signal.aborted) return silent;
      if (signal.aborted) return signal.reason;
      if ("error" in next) return next.error;
      if (next.done) return undefined;
      clearTimeout(silence);
      silence = setTimeout(giveUp, silenceMs);
      take(next.value);
    }
  } finally {
    clearTimeout(silence);
    call.abort();
  }
}

/** Resolves after `ms`, or earlier when somebody is back or `signal` aborts. */
function pause(ms: number, presence: Presence, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      unfollow();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = Number.isFinite(ms) ? setTimeout(end, ms) : undefined;
    const unfollow = presence.on(end);
    signal.addEventListener("abort", end);
  });
}
