import { Code, ConnectError } from "@connectrpc/connect";
import type { WatchLeaderboardResponse } from "../gen/score/v1/score_pb.js";
import { type Backoff, longestMs } from "./backoff.ts";
import { advisedWait, type Line, lineAfter } from "./line.ts";

/** Heartbeats come every 15 s: a line without any message for so long is dead. */
const silenceMs = 40_000;

/** What the page shows. */
export interface Shown {
  readonly line: Line;
  /** The newest state; never a heartbeat. Undefined while there is none. */
  readonly frame: WatchLeaderboardResponse | undefined;
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
  /** A time in ms that never goes back. */
  readonly clock: () => number;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/**
 * Follows a board and opens the line again whenever it breaks, ends or falls
 * silent, keeping the newest frame meanwhile. Resolves when `signal` aborts or
 * the service refuses the request as wrong; rejects only what `show` throws.
 */
export async function watchBoard(options: WatchOptions): Promise<void> {
  const { open, show, backoff, clock, signal } = options;
  let frame: WatchLeaderboardResponse | undefined;
  show({ line: { state: "connecting" }, frame });
  while (!signal.aborted) {
    let liveSince: number | undefined;
    const error = await follow(
      (call) => open({ knownEpoch: frame?.epoch ?? 0n, knownVersion: frame?.version ?? 0n }, call),
      (message) => {
        liveSince ??= clock();
        if (!message.heartbeat) frame = message;
        show({ line: { state: "live" }, frame });
      },
      signal,
    );
    if (signal.aborted) return;
    const line = lineAfter(error);
    if (line.state === "missing") frame = undefined;
    show({ line, frame });
    if (line.state === "refused") return;
    // A line that breaks as soon as it stands must not bring the short waits back.
    if (liveSince !== undefined && clock() - liveSince >= longestMs) backoff.reset();
    await wait(advisedWait(error) + backoff.next(), signal);
  }
}

/** Hands on the messages of one stream; resolves with the error that ended it, if any. */
async function follow(
  open: (signal: AbortSignal) => AsyncIterable<WatchLeaderboardResponse>,
  take: (message: WatchLeaderboardResponse) => void,
  signal: AbortSignal,
): Promise<unknown> {
  const call = new AbortController();
  const giveUp = () => call.abort(new ConnectError("the line is silent", Code.Unavailable));
  let silence = setTimeout(giveUp, silenceMs);
  const messages = open(AbortSignal.any([signal, call.signal]))[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await messages.next().catch((error: unknown) => ({ error }));
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

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
