import type { CommittedBatch, Ledger } from "../ledger/ledger.ts";
import type { Board, Game } from "../model/game.ts";
import { isScoreError, ScoreError } from "../model/score-error.ts";
import type { StandingChange } from "../model/standing.ts";
import type { Timers } from "../model/timers.ts";
import { BoardProjection } from "./board-projection.ts";
import type { Placement, Ranking, RankingState } from "./ranking.ts";

/** Times in ms. */
export interface ProjectorLimits {
  /** How often this instance tells the others how far its commits are in the ranking. */
  readonly reportMs: number;
  /** How long a call waits for a ranking that is being caught up or rebuilt. */
  readonly waitMs: number;
}

interface ProjectorOptions {
  readonly ledger: Ledger;
  readonly ranking: Ranking;
  readonly limits: ProjectorLimits;
  readonly now: () => number;
  readonly timers: Timers;
  readonly onError: (message: string, error: unknown) => void;
  readonly onCatchUp: (kind: "catch-up" | "rebuild") => void;
  /**
   * After each batch, with the ms from its commit until it was in the ranking,
   * and how many of its standings got no rank because that was unavailable.
   */
  readonly onPlaced: (ms: number, withoutRank: number) => void;
  /** Instances were found to have stopped without a goodbye. */
  readonly onLost?: (instances: number) => void;
}

/** Where each standing of a batch came to be, by `placementKey`. */
export type BatchPlacements = ReadonlyMap<string, Placement>;

export const placementKey = (boardNo: number, playerId: string) => `${boardNo}/${playerId}`;

/**
 * Brings every commit of the ledger into the ranking, and the ranking back to
 * the ledger's state after a failure of either. The ranking may miss commits
 * of this instance (a call failed), of another (it died), or all (Redis lost
 * them): each board knows by its checkpoint from where to catch up.
 */
export class Projector {
  readonly #options: ProjectorOptions;
  readonly #boards = new Map<number, BoardProjection>();
  readonly #placements = new WeakMap<CommittedBatch, Promise<BatchPlacements>>();
  /** Placements under way. */
  readonly #inFlight = new Set<Promise<unknown>>();
  /** For each commit whose outcome is unknown and that may still happen, what is done about it. */
  readonly #doubts = new Set<Promise<void>>();
  /** All own commits up to here are in the ranking. */
  #projectedSeq = 0;
  /** The raise of `projectedSeq` that is under way. */
  #raising: Promise<void> | undefined;
  /** Boards that were written to since their checkpoint was last raised. */
  readonly #touched = new Map<number, Board>();
  /** Lost instances whose commits the boards are being caught up on. */
  #lost: ReadonlySet<string> = new Set();
  /** This instance was taken for lost, and has not yet looked what it missed. */
  #wasForgotten = false;
  /** Events after the checkpoint, as of the last report. */
  #checkpointLag = 0;
  readonly #stop = new AbortController();
  #reporting: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(options: ProjectorOptions) {
    this.#options = options;
    options.ledger.events.observe({
      onCommit: (batch) => this.#project(batch),
      onUnknown: (games) => this.#doubt(games),
    });
  }

  /**
   * Registers this instance, which must happen before its first commit, and
   * catches up on what earlier ones left behind.
   */
  async start(): Promise<void> {
    const { ledger } = this.#options;
    this.#projectedSeq = await ledger.instances.lastSeq();
    const { checkpoint } = await ledger.instances.report(this.#projectedSeq);
    this.#reporting = this.#reportRegularly();
    for (const board of await this.#boardsToCheck(checkpoint)) this.#projection(board);
    await this.settled();
  }

  /** Resolves when no board is behind, or after `waitMs` each. */
  async settled(): Promise<void> {
    await Promise.all([...this.#boards.values()].map((board) => board.ready()));
  }

  /** How many boards the ranking is behind on. */
  get boardsBehind(): number {
    return [...this.#boards.values()].filter((board) => !board.isReady).length;
  }

  /** How many events a catch-up would go through now, as of the last report. */
  get checkpointLag(): number {
    return this.#checkpointLag;
  }

  /** Where the standings of a batch came to be; empty for boards whose ranking is unavailable. */
  placements(batch: CommittedBatch): Promise<BatchPlacements> {
    return this.#placements.get(batch) ?? Promise.resolve(new Map());
  }

  /** Reads the ranking; rejects `ranking_unavailable` when it is not, or not yet, the ledger's state. */
  async read<T extends RankingState | undefined>(
    board: Board,
    query: (ranking: Ranking) => Promise<T>,
  ): Promise<T> {
    const projection = await this.#readyProjection(board);
    return projection.guard(() => query(this.#options.ranking));
  }

  /**
   * Builds the board's ranking anew while the one in use goes on; resolves when
   * the new one has taken its place. Rejects `ranking_unavailable` also when
   * somebody else is rebuilding it.
   */
  async rebuild(board: Board, onProgress: (playersBuilt: number) => void): Promise<void> {
    const projection = await this.#readyProjection(board);
    await projection.rebuild(onProgress);
  }

  /** Forgets a board that was removed. */
  forget(boardNo: number): void {
    this.#boards.get(boardNo)?.close();
    this.#boards.delete(boardNo);
    this.#touched.delete(boardNo);
  }

  /**
   * Waits for what was accepted, then says goodbye and ends the background
   * work. May be called twice.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stop.abort();
    await this.#reporting;
    await this.#options.ledger.events.close();
    await Promise.allSettled([...this.#inFlight, ...this.#doubts]);
    await this.settled();
    await this.#leave();
    await Promise.all([...this.#boards.values()].map((board) => board.close()));
  }

  /** Without a goodbye the others catch up on what may be missing. */
  async #leave(): Promise<void> {
    const { ledger, onError } = this.#options;
    if (this.#doubts.size > 0 || this.boardsBehind > 0 || this.#wasForgotten) return;
    try {
      await ledger.instances.leave();
    } catch (error) {
      if (!isScoreError(error)) onError("the goodbye to the other instances failed", error);
    }
  }

  async #boardsToCheck(checkpoint: number): Promise<readonly Board[]> {
    const { ledger } = this.#options;
    const changed = new Set(await ledger.standings.boardsChangedSince(checkpoint));
    const boards: Board[] = [];
    for (let after = ""; ; ) {
      const games = await ledger.games.list(after, 1_000);
      for (const game of games) {
        for (const board of game.boards) {
          if (board.state !== "ready") continue;
          if (changed.has(board.boardNo) || !(await this.#hasRanking(board))) boards.push(board);
        }
      }
      const last = games.at(-1);
      if (last === undefined) return boards;
      after = last.gameId;
    }
  }

  async #hasRanking(board: Board): Promise<boolean> {
    try {
      return (await this.#options.ranking.head(board)) !== undefined;
    } catch (error) {
      if (isScoreError(error, "ranking_unavailable")) return false;
      throw error;
    }
  }

  async #readyProjection(board: Board): Promise<BoardProjection> {
    const projection = this.#projection(board);
    if (await projection.ready()) return projection;
    const message = `the ranking of ${board.boardId} is catching up`;
    throw new ScoreError("ranking_unavailable", message, { retryAfterMs: 1_000 });
  }

  #projection(board: Board): BoardProjection {
    const { boardNo } = board;
    let projection = this.#boards.get(boardNo);
    if (projection === undefined) {
      projection = new BoardProjection({
        ...this.#options,
        board,
        waitMs: this.#options.limits.waitMs,
        projectedSeq: () => this.#projectedSeq,
        onGone: () => this.forget(boardNo),
      });
      this.#boards.set(boardNo, projection);
    }
    return projection;
  }

  #project(batch: CommittedBatch): void {
    const { now, onPlaced } = this.#options;
    const began = now();
    const placing = this.#place(batch).finally(() => {
      this.#inFlight.delete(placing);
    });
    void placing.then(({ size }) => onPlaced(now() - began, batch.changes.length - size));
    this.#inFlight.add(placing);
    this.#placements.set(batch, placing);
  }

  async #place(batch: CommittedBatch): Promise<BatchPlacements> {
    const byBoard = Map.groupBy(batch.changes, (change) => change.board.boardNo);
    const found = new Map<string, Placement>();
    const placeBoard = async (changes: readonly StandingChange[]) => {
      const board = changes[0]?.board;
      if (board === undefined) return;
      this.#touched.set(board.boardNo, board);
      const standings = changes.map((change) => change.standing);
      const placements = await this.#projection(board).place(standings);
      placements?.forEach((placement, index) => {
        const playerId = standings[index]?.playerId;
        if (playerId === undefined || placement.rank === 0) return;
        found.set(placementKey(board.boardNo, playerId), placement);
      });
    };
    await Promise.all([...byBoard.values()].map(placeBoard));
    return found;
  }

  /** Catches up now, and once more when nothing of the lost commit can happen any longer. */
  #doubt(games: readonly Game[]): void {
    const catchUp = () => {
      for (const board of games.flatMap((game) => game.boards)) {
        if (board.state === "ready") this.#projection(board).markBehind();
      }
    };
    catchUp();
    const ending = this.#cutOff().then((isOver) => {
      if (!isOver) return;
      catchUp();
      this.#doubts.delete(ending);
    });
    this.#doubts.add(ending);
  }

  /** Tries until what was given up has ended; false when this instance stops before that. */
  async #cutOff(): Promise<boolean> {
    const { ledger, limits, timers, onError } = this.#options;
    const { signal } = this.#stop;
    for (;;) {
      try {
        await ledger.instances.cutOff();
        return true;
      } catch (error) {
        if (!isScoreError(error)) onError("ending what was given up failed", error);
      }
      if (signal.aborted) return false;
      await timers.sleep(limits.reportMs, signal).catch(() => {});
    }
  }

  async #reportRegularly(): Promise<void> {
    const { limits, timers, onError } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await timers.sleep(limits.reportMs, signal).catch(() => {});
      try {
        await this.#report();
      } catch (error) {
        if (!isScoreError(error, "ledger_unavailable", "ranking_unavailable")) {
          onError("reporting the progress of the ranking failed", error);
        }
      }
    }
  }

  /** Comes in time, also when a commit or its way into the ranking takes long. */
  async #report(): Promise<void> {
    const { ledger, limits, timers, onLost = () => {} } = this.#options;
    const noted = await ledger.instances.lastSeq();
    this.#raising ??= this.#raiseProjectedSeq(noted);
    const timeout = new AbortController();
    const late = timers.sleep(limits.reportMs, timeout.signal).catch(() => {});
    await Promise.race([this.#raising, late]);
    timeout.abort();
    const { checkpoint, lost, wasForgotten } = await ledger.instances.report(this.#projectedSeq);
    this.#wasForgotten ||= wasForgotten;
    this.#checkpointLag = Math.max(0, noted - checkpoint);
    const newlyLost = lost.filter((instanceId) => !this.#lost.has(instanceId));
    for (const instanceId of newlyLost) await ledger.instances.cutOff(instanceId);
    if (newlyLost.length > 0) onLost(newlyLost.length);
    // Once is enough: a lost instance commits nothing any more.
    if (this.#wasForgotten || newlyLost.length > 0) {
      for (const board of await this.#boardsToCheck(checkpoint)) {
        this.#projection(board).markBehind();
      }
      this.#wasForgotten = false;
    }
    this.#lost = new Set(lost);
    if (this.boardsBehind === 0) {
      for (const instanceId of lost) await ledger.instances.forget(instanceId);
    }
    await this.#raiseCheckpoints(checkpoint);
  }

  /** An own event up to `noted` is either placed already or among those under way, which are waited for. */
  async #raiseProjectedSeq(noted: number): Promise<void> {
    await this.#options.ledger.events.settled();
    await Promise.allSettled(this.#inFlight);
    if (this.#doubts.size === 0 && this.boardsBehind === 0) this.#projectedSeq = noted;
    this.#raising = undefined;
  }

  /** Boards that are behind, or whose call fails, have their turn at a later report. */
  async #raiseCheckpoints(checkpoint: number): Promise<void> {
    const raise = async ([boardNo, board]: [number, Board]) => {
      const projection = this.#boards.get(boardNo);
      if (projection?.isReady === false) return;
      this.#touched.delete(boardNo);
      try {
        await projection?.setCheckpoint(checkpoint);
      } catch (error) {
        this.#touched.set(boardNo, board);
        throw error;
      }
    };
    const raised = await Promise.allSettled([...this.#touched].map(raise));
    for (const outcome of raised) if (outcome.status === "rejected") throw outcome.reason;
  }
}
