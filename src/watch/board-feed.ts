import { isScoreError } from "../model/score-error.ts";
import type { Timers } from "../model/timers.ts";
import type { RankedPage } from "../ranking/ranking.ts";
import { type Frame, heartbeatOf, nextFrame } from "./frame.ts";
import type { Watch } from "./watch.ts";

/** A board as the hub sees it. */
export interface WatchedBoard {
  /** Reads the first `limit` standings as they are now. */
  top(limit: number): Promise<RankedPage>;
  /** Calls `onChange` after changes; some may be missed. Returns how to stop. */
  follow(onChange: () => void): () => void;
}

/** Times in ms. */
export interface FeedTimes {
  /** The shortest time between two frames. */
  readonly tickMs: number;
  /** How often the board is read without a notice, since one may get lost. */
  readonly pollMs: number;
  readonly heartbeatMs: number;
}

interface BoardFeedOptions {
  readonly board: WatchedBoard;
  readonly times: FeedTimes;
  readonly now: () => number;
  readonly timers: Timers;
  /** `delayMs`: from the notice of the change; undefined when nothing changed. */
  readonly onFrames: (sent: number, skipped: number, delayMs?: number) => void;
  readonly onError: (message: string, error: unknown) => void;
}

interface Group {
  readonly watches: Set<Watch>;
  frame: Frame | undefined;
  /** When the group was last sent anything. */
  sentAt: number;
}

/** The live frames of one board: one read a tick, one frame for each limit, shared by all its watchers. */
export class BoardFeed {
  readonly #options: BoardFeedOptions;
  readonly #groups = new Map<number, Group>();
  readonly #unfollow: () => void;
  readonly #endPolling: () => void;
  /** Calls off the next read; undefined while none is due. */
  #callOff: (() => void) | undefined;
  #reading: Promise<void> | undefined;
  /** When the change that waits for the next read was noticed; undefined while none does. */
  #dirtyAt: number | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  /** When a read last succeeded. */
  #seenAt = Number.NEGATIVE_INFINITY;
  /** Why the last read failed; undefined when it did not. */
  #failure: unknown;
  #isClosed = false;

  constructor(options: BoardFeedOptions) {
    this.#options = options;
    this.#unfollow = options.board.follow(() => this.#markDirty());
    this.#endPolling = options.timers.every(options.times.pollMs, () => this.#lookAgain());
  }

  get isEmpty(): boolean {
    return this.#groups.size === 0;
  }

  /**
   * Sends the current state at once; rejects when it can't be read. A client that
   * shows a later one, which it saw elsewhere, is sent what another read finds.
   */
  async join(watch: Watch): Promise<void> {
    const group = this.#groups.get(watch.limit) ?? newGroup(this.#options.now());
    this.#groups.set(watch.limit, group);
    group.watches.add(watch);
    const isDue = () => group.frame === undefined || watch.isAhead(group.frame);
    try {
      if (isDue()) await this.#reading;
      if (isDue() && !this.#isClosed) await this.#read();
    } catch (error) {
      this.leave(watch);
      throw error;
    }
    if (group.frame === undefined || watch.isBegun) return;
    if (watch.begin(group.frame)) this.#options.onFrames(1, 0);
  }

  leave(watch: Watch): void {
    watch.stop();
    const group = this.#groups.get(watch.limit);
    group?.watches.delete(watch);
    if (group?.watches.size === 0) this.#groups.delete(watch.limit);
  }

  /** Ends every watch with `error`. */
  end(error: unknown): void {
    const watches = [...this.#groups.values()].flatMap((group) => [...group.watches]);
    this.#groups.clear();
    for (const watch of watches) watch.end(error);
    this.close();
  }

  /** May be called twice. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#endPolling();
    this.#callOff?.();
    this.#unfollow();
  }

  #markDirty(): void {
    const { times, now, timers } = this.#options;
    this.#dirtyAt ??= now();
    if (this.#callOff !== undefined || this.#reading !== undefined || this.#isClosed) return;
    const waitMs = Math.max(0, this.#readAt + times.tickMs - now());
    this.#callOff = timers.after(waitMs, () => {
      this.#callOff = undefined;
      this.#read().catch((error) => this.#failed(error));
    });
  }

  #lookAgain(): void {
    const { now, times } = this.#options;
    const time = now();
    for (const group of this.#groups.values()) {
      if (group.frame === undefined || time - group.sentAt < times.heartbeatMs) continue;
      if (this.#seenAt > group.sentAt) beat(group, group.frame, time);
      // Nobody here knows whether it is still current.
      else if (this.#failure !== undefined) this.end(this.#failure);
    }
    this.#markDirty();
  }

  /** A board that is gone ends its watches; anything else is tried again until a heartbeat is due. */
  #failed(error: unknown): void {
    this.#failure = error;
    if (isScoreError(error, "unknown_game", "unknown_board", "board_filling")) this.end(error);
    else if (!isScoreError(error)) this.#options.onError("reading a watched board failed", error);
  }

  #read(): Promise<void> {
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = undefined;
      if (this.#dirtyAt !== undefined && !this.isEmpty) this.#markDirty();
    });
    return this.#reading;
  }

  async #readOnce(): Promise<void> {
    const { board, now } = this.#options;
    this.#readAt = now();
    const noticedAt = this.#dirtyAt;
    this.#dirtyAt = undefined;
    const limit = Math.max(...this.#groups.keys());
    const page = await board.top(limit);
    this.#seenAt = now();
    this.#failure = undefined;
    for (const [wanted, group] of this.#groups) {
      // A group of a higher limit came while the board was read.
      if (wanted > limit) this.#dirtyAt ??= now();
      else this.#take(group, nextFrame(page, wanted, group.frame), page.changes, noticedAt);
    }
  }

  /** What changed below the rows that are shown is told with the next frame or heartbeat. */
  #take(group: Group, frame: Frame, changes: number, noticedAt: number | undefined): void {
    if (frame !== group.frame) this.#show(group, frame, noticedAt);
    else if (frame.changes < changes) group.frame = { ...frame, changes };
  }

  #show(group: Group, frame: Frame, noticedAt: number | undefined): void {
    group.frame = frame;
    group.sentAt = this.#options.now();
    let sent = 0;
    for (const watch of group.watches) if (watch.offer(frame)) sent += 1;
    const delayMs = noticedAt === undefined ? undefined : group.sentAt - noticedAt;
    this.#options.onFrames(sent, group.watches.size - sent, delayMs);
  }
}

function newGroup(now: number): Group {
  return { watches: new Set(), frame: undefined, sentAt: now };
}

function beat(group: Group, frame: Frame, now: number): void {
  group.sentAt = now;
  const heartbeat = heartbeatOf(frame);
  for (const watch of group.watches) watch.beat(heartbeat);
}
