import type { Ledger } from "../ledger/ledger.ts";
import type { Clock } from "../model/clock.ts";
import type { Board } from "../model/game.ts";
import { isScoreError, ScoreError } from "../model/score-error.ts";
import type { Standing } from "../model/standing.ts";
import type { Timers } from "../model/timers.ts";
import { type BuildOptions, buildRanking } from "./build-ranking.ts";
import { Pace } from "./pace.ts";
import { type Placement, type Ranking, RankingMissing, type RankingState } from "./ranking.ts";

/** Standings read and written in one step of a catch-up. */
const stepStandings = 2_000;

/** With more events than this to go through, building anew is cheaper. */
const maxCatchUpEvents = 1_000_000;

interface BoardProjectionOptions {
  readonly board: Board;
  readonly ledger: Ledger;
  readonly ranking: Ranking;
  readonly waitMs: number;
  readonly now: Clock;
  readonly timers: Timers;
  /** All commits of this instance up to here are in the ranking. */
  readonly projectedSeq: () => number;
  readonly onError: (message: string, error: unknown) => void;
  readonly onCatchUp: (kind: "catch-up" | "rebuild") => void;
  /** The ledger has no such board any more: nothing is to be done for it. */
  readonly onGone: () => void;
}

/**
 * One board's ranking as this instance knows it. `behind`: it may miss commits,
 * nobody reads it and nothing is placed. `healing`: it is being caught up, and
 * commits are placed again, so that what the catch-up reads too early comes in
 * by itself. `ready`: it is the ledger's state.
 */
export class BoardProjection {
  readonly #options: BoardProjectionOptions;
  #state: "behind" | "healing" | "ready" = "behind";
  /** The newest state seen: an older one means that the backend lost writes. */
  #seen: RankingState = { epoch: 0, version: 0 };
  /** The backend lost writes: only building anew makes its versions grow again. */
  #fellBack = false;
  #healing: Promise<void> | undefined;
  /** A rebuild that was asked for; what goes wrong with it marks nothing behind. */
  #rebuilding: Promise<boolean> | undefined;
  /** Ends when the first attempt to heal has ended, well or not. */
  readonly #firstAttempt = Promise.withResolvers<void>();
  readonly #stop = new AbortController();

  constructor(options: BoardProjectionOptions) {
    this.#options = options;
    this.markBehind();
  }

  get isReady(): boolean {
    return this.#state === "ready";
  }

  /** Whether the ranking is the ledger's state; waits up to `waitMs` for a first attempt to make it so. */
  async ready(): Promise<boolean> {
    if (this.#state === "ready") return true;
    const { waitMs, timers } = this.#options;
    const timeout = new AbortController();
    const late = timers.sleep(waitMs, timeout.signal);
    await Promise.race([this.#firstAttempt.promise, late.catch(() => {})]);
    timeout.abort();
    return this.isReady;
  }

  /** The places of committed standings; undefined when the ranking is unavailable. */
  async place(standings: readonly Standing[]): Promise<readonly Placement[] | undefined> {
    const { board, ranking, onError } = this.#options;
    await this.ready();
    // A commit that is not placed now was made before the next catch-up reads.
    if (this.#state === "behind") return undefined;
    try {
      const reply = await this.guard(() => ranking.place(board, standings));
      return this.isReady ? reply.placements : undefined;
    } catch (error) {
      if (!isScoreError(error))
        onError(`placing standings on board ${board.boardNo} failed`, error);
      return undefined;
    }
  }

  /** Raises the checkpoint; rejects `ranking_unavailable`. */
  async setCheckpoint(seq: number): Promise<void> {
    const { board, ranking } = this.#options;
    await this.guard(async () => {
      await ranking.setCheckpoint(board, seq);
      return undefined;
    });
  }

  /** Runs a call; a failure, or a reply older than one before, marks the board behind. */
  async guard<T extends RankingState | undefined>(call: () => Promise<T>): Promise<T> {
    const asked = this.#seen;
    try {
      const reply = await call();
      if (reply) this.#see(reply, asked);
      return reply;
    } catch (cause) {
      // While the first ranking is being built, writes reach it and have no reply.
      const isBuilding = cause instanceof RankingMissing && this.#state === "healing";
      if (!isBuilding) this.markBehind();
      if (!(cause instanceof RankingMissing)) throw cause;
      throw new ScoreError("ranking_unavailable", cause.message, { cause, retryAfterMs: 1_000 });
    }
  }

  /** Catches up from the checkpoint, or builds anew; until then nobody reads the ranking. */
  markBehind(): void {
    if (this.#stop.signal.aborted) return;
    this.#state = "behind";
    this.#healing ??= this.#heal().finally(() => {
      this.#healing = undefined;
      // It fell behind again after it was ready and before this.
      if (this.#state === "behind") this.markBehind();
    });
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#healing;
    await this.#rebuilding?.catch(() => {});
  }

  /** As Projector.rebuild; the board must be ready, and stays so. */
  async rebuild(onProgress: (playersBuilt: number) => void): Promise<void> {
    const { board, ranking, now, timers, onCatchUp } = this.#options;
    const isBusy = this.#rebuilding !== undefined;
    const build = () => this.#build({ onProgress, pace: new Pace(now, timers) });
    this.#rebuilding ??= build().finally(() => {
      this.#rebuilding = undefined;
    });
    if (isBusy || !(await this.#rebuilding)) {
      const message = `board ${board.boardId} is being rebuilt by somebody else`;
      throw new ScoreError("ranking_unavailable", message, { retryAfterMs: 5_000 });
    }
    await this.guard(() => ranking.head(board));
    onCatchUp("rebuild");
  }

  #see(reply: RankingState, asked: RankingState): void {
    if (isOlder(reply, asked)) {
      this.#fellBack = true;
      throw new ScoreError("ranking_unavailable", "the ranking fell back to an older state");
    }
    const { epoch, version } = reply;
    if (!isOlder(reply, this.#seen)) this.#seen = { epoch, version };
  }

  async #heal(): Promise<void> {
    const { signal } = this.#stop;
    for (let pauseMs = 20; !signal.aborted; pauseMs = Math.min(2 * pauseMs, 500)) {
      try {
        if (await this.#healOnce()) return;
      } catch (error) {
        if (!isScoreError(error) && !(error instanceof RankingMissing)) {
          const { board, onError } = this.#options;
          onError(`catching up on board ${board.boardNo} failed`, error);
        }
      } finally {
        this.#firstAttempt.resolve();
      }
      await this.#options.timers.sleep(pauseMs, signal).catch(() => {});
    }
  }

  /** True when the board is ready; false to try again. */
  async #healOnce(): Promise<boolean> {
    const { board, ledger, ranking, projectedSeq } = this.#options;
    const asked = this.#seen;
    const head = await ranking.head(board);
    if (head && !this.#hasLost(head, asked)) {
      this.#see(head, asked);
      const from = Math.min(head.checkpoint, projectedSeq());
      const lastSeq = await ledger.instances.lastSeq();
      if (lastSeq - from <= maxCatchUpEvents) return this.#catchUp(from);
    }
    return this.#rebuild();
  }

  #hasLost(head: RankingState, asked: RankingState): boolean {
    // Somebody built it anew.
    if (head.epoch > this.#seen.epoch) this.#fellBack = false;
    return this.#fellBack || isOlder(head, asked);
  }

  async #catchUp(from: number): Promise<boolean> {
    const { board, ledger, ranking, onCatchUp } = this.#options;
    this.#state = "healing";
    let count = 0;
    for (let after: string | undefined; ; ) {
      const page = await ledger.standings.changedSince(board, from, after, stepStandings);
      if (page.standings.length > 0) await ranking.place(board, page.standings);
      count += page.standings.length;
      after = page.next;
      if (after === undefined) break;
    }
    if (count > 0) onCatchUp("catch-up");
    return this.#becomeReady();
  }

  async #rebuild(): Promise<boolean> {
    const { board, ranking, onCatchUp } = this.#options;
    const onBegun = () => {
      this.#state = "healing";
    };
    if (!(await this.#build({ onBegun }))) return false;
    this.#fellBack = false;
    const head = await ranking.head(board);
    if (head === undefined) return false;
    this.#seen = head;
    onCatchUp("rebuild");
    return this.#becomeReady();
  }

  async #build(how: Partial<BuildOptions>): Promise<boolean> {
    try {
      return await buildRanking({ ...this.#options, signal: this.#stop.signal, ...how });
    } catch (error) {
      if (isScoreError(error, "unknown_board")) this.#options.onGone();
      throw error;
    }
  }

  /** A failure meanwhile has set the state back: then once more. */
  #becomeReady(): boolean {
    if (this.#state !== "healing") return false;
    this.#state = "ready";
    return true;
  }
}

function isOlder(a: RankingState, b: RankingState): boolean {
  return a.epoch < b.epoch || (a.epoch === b.epoch && a.version < b.version);
}
