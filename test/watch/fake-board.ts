import type { RankedStanding } from "../../src/model/standing.ts";
import type { RankedPage } from "../../src/ranking/ranking.ts";
import type { WatchedBoard } from "../../src/watch/board-feed.ts";
import type { Frame } from "../../src/watch/frame.ts";
import type { FrameSink } from "../../src/watch/watch.ts";

/** A board in memory that a test changes, breaks and slows down. */
export class FakeBoard implements WatchedBoard {
  /** The limit of each read, in order. */
  readonly reads: number[] = [];
  readonly followers = new Set<() => void>();
  epoch = 1;
  version = 1;
  /** As long as it is set, pages come without a version, as from the ledger. */
  isUnranked = false;
  /** What reads reject with. */
  failure: unknown;
  /** Reads wait for it once they have seen the board. */
  gate: Promise<void> = Promise.resolve();
  readonly #standings = new Map<string, { score: number; version: number; updatedAt: number }>();

  async top(limit: number): Promise<RankedPage> {
    this.reads.push(limit);
    const page = this.page(limit);
    const { failure } = this;
    await this.gate;
    if (failure !== undefined) throw failure;
    return page;
  }

  follow(onChange: () => void): () => void {
    this.followers.add(onChange);
    return () => this.followers.delete(onChange);
  }

  /** Changes a score and tells nobody. */
  change(playerId: string, score: number): void {
    this.version += 1;
    const version = (this.#standings.get(playerId)?.version ?? 0) + 1;
    this.#standings.set(playerId, { score, version, updatedAt: this.version });
  }

  /** A change elsewhere on the board, or a notice that comes twice. */
  notify(): void {
    for (const onChange of this.followers) onChange();
  }

  changeAndNotify(playerId: string, score: number): void {
    this.change(playerId, score);
    this.notify();
  }

  page(limit: number): RankedPage {
    const all: RankedStanding[] = [...this.#standings]
      .sort(([a, { score: x }], [b, { score: y }]) => y - x || (a < b ? -1 : 1))
      .map(([playerId, standing], index) => ({
        playerId,
        ...standing,
        seq: index + 1,
        displayName: undefined,
        rank: index + 1,
      }));
    const { epoch, version } = this.isUnranked ? { epoch: 0, version: 0 } : this;
    const standings = all.slice(0, limit);
    return {
      epoch,
      version,
      standings,
      totalPlayers: all.length,
      changedAt: undefined,
      changes: all.reduce((sum, { version }) => sum + version, 0),
    };
  }
}

/** A client that takes frames as they come, or stalls. */
export class FakeClient implements FrameSink {
  readonly frames: Frame[] = [];
  /** Why the watch ended; undefined while it has not. */
  ended: unknown;
  /** Takes nothing more until it is drained. */
  isStalled = false;
  #drained: (() => void) | undefined;

  send(frame: Frame, drained: () => void): void {
    if (this.ended !== undefined) throw new Error("a frame after the end");
    if (this.#drained !== undefined) throw new Error("a frame before the last one was drained");
    this.frames.push(frame);
    if (this.isStalled) this.#drained = drained;
    else drained();
  }

  end(error: unknown): void {
    if (this.ended !== undefined) throw new Error("ended twice");
    this.ended = error;
  }

  /** Reads on. */
  drain(): void {
    this.isStalled = false;
    const drained = this.#drained;
    this.#drained = undefined;
    drained?.();
  }

  /** `score:player` of the entries of the last frame that had any. */
  get shown(): string[] {
    const last = this.frames.findLast(({ heartbeat }) => !heartbeat);
    return last?.entries.map(({ playerId, score }) => `${playerId} ${score}`) ?? [];
  }
}

/** Lets everything that only waits for promises run to its end; not mocked. */
export const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
