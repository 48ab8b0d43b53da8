import { ScoreError } from "../model/score-error.ts";
import type { Timers } from "../model/timers.ts";
import { BoardFeed, type FeedTimes, type WatchedBoard } from "./board-feed.ts";
import { type FrameSink, type KnownState, Watch } from "./watch.ts";

interface WatchHubOptions {
  readonly times: FeedTimes;
  readonly maxWatches: number;
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
  readonly limit: number;
  readonly known: KnownState | undefined;
  readonly sink: FrameSink;
}

/** All live subscriptions of this instance. */
export class WatchHub {
  readonly #options: WatchHubOptions;
  readonly #feeds = new Map<string, BoardFeed>();
  /** Watches that are joined; never more than `maxWatches`. */
  #watches = 0;
  #isClosed = false;

  constructor(options: WatchHubOptions) {
    this.#options = options;
  }

  get watches(): number {
    return this.#watches;
  }

  /**
   * Resolves once the first frame, or the end, was handed to the sink, with how to leave.
   * Rejects `too_many_watches`, `shutting_down`, or why the board can't be read.
   */
  async join({ key, board, limit, known, sink }: WatchRequest): Promise<() => void> {
    if (this.#isClosed) throw shuttingDown();
    if (this.#watches >= this.#options.maxWatches) {
      throw new ScoreError("too_many_watches", "this instance has as many watches as it may", {
        retryAfterMs: 5_000,
      });
    }
    const feed = this.#feeds.get(key) ?? this.#open(key, board);
    let isJoined = true;
    this.#watches += 1;
    const leave = () => {
      if (!isJoined) return;
      isJoined = false;
      this.#watches -= 1;
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
