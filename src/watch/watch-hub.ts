import { ScoreError } from "../model/score-error.ts";
import type { Timers } from "../model/timers.ts";
import { BoardFeed, type FeedTimes, type WatchedBoard } from "./board-feed.ts";
import { type FrameSink, type KnownState, Watch } from "./watch.ts";
import { type WatchLimits, WatchPlaces } from "./watch-places.ts";

interface WatchHubOptions extends WatchLimits {
  readonly times: FeedTimes;
  readonly now: () => number;
  readonly timers: Timers;
  readonly onFrames: (sent: number, skipped: number, delayMs?: number) => void;
  readonly onError: (message: string, error: unknown) => void;
}

/** Which board, and what the client asks for. */
export interface WatchRequest {
  /** Watches with one key share a feed. */
  readonly key: string;
  readonly board: WatchedBoard;
  /** Whose share it counts for; undefined for those who have no limit. */
  readonly caller: string | undefined;
  readonly limit: number;
  readonly known: KnownState | undefined;
  readonly sink: FrameSink;
}

/** All live subscriptions of this instance. */
export class WatchHub {
  readonly #options: WatchHubOptions;
  readonly #feeds = new Map<string, BoardFeed>();
  readonly #places: WatchPlaces;
  #isClosed = false;

  constructor(options: WatchHubOptions) {
    this.#options = options;
    this.#places = new WatchPlaces(options);
  }

  get watches(): number {
    return this.#places.taken;
  }

  /**
   * Resolves once the first frame, or the end, was handed to the sink, with how to leave.
   * Rejects `too_many_watches`, `shutting_down`, or why the board can't be read.
   */
  async join({ key, board, caller, limit, known, sink }: WatchRequest): Promise<() => void> {
    if (this.#isClosed) throw shuttingDown();
    const leavePlace = this.#places.take(caller);
    const feed = this.#feeds.get(key) ?? this.#open(key, board);
    let isJoined = true;
    const leave = () => {
      if (!isJoined) return;
      isJoined = false;
      leavePlace();
      feed.leave(watch);
      this.#closeIfEmpty(key, feed);
    };
    const end = (error: unknown) => {
      leave();
      sink.end(error);
    };
    const watch = new Watch(
      limit,
      { send: (frame, drained) => sink.send(frame, drained), end },
      known,
    );
    try {
      await feed.join(watch);
    } catch (error) {
      if (isJoined) {
        leave();
        throw error;
      }
    }
    return leave;
  }

  /** Ends every watch with an error that means "connect again". May be called twice. */
  close(): void {
    this.#isClosed = true;
    for (const feed of this.#feeds.values()) feed.end(shuttingDown());
  }

  #open(key: string, board: WatchedBoard): BoardFeed {
    const feed = new BoardFeed({ ...this.#options, board });
    this.#feeds.set(key, feed);
    return feed;
  }

  #closeIfEmpty(key: string, feed: BoardFeed): void {
    if (!feed.isEmpty || this.#feeds.get(key) !== feed) return;
    this.#feeds.delete(key);
    feed.close();
  }
}

function shuttingDown(): ScoreError {
  return new ScoreError("shutting_down", "this instance is shutting down; connect again", {
    retryAfterMs: 100,
  });
}
