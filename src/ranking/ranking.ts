import type { Board } from "../model/game.ts";
import type { RankedStanding, Standing } from "../model/standing.ts";
import type { Expected, Held, StrayPlace } from "./holdings.ts";

/** Which state of a board a reply describes: a later one has a greater (epoch, version). */
export interface RankingState {
  /** Grows each time the ranking is built anew. */
  readonly epoch: number;
  /** Grows with each change. */
  readonly version: number;
}

/** Where a standing is. */
export interface Placement {
  /** From 1; 0 when somebody took the player out of the order, and the standing was there before. */
  readonly rank: number;
  /** Before the call; undefined when the player was not on the board. */
  readonly previousRank: number | undefined;
}

/** The places of some standings, in the order they were given. */
export interface Placements extends RankingState {
  readonly placements: readonly Placement[];
}

/** Part of a board, best first. */
export interface RankedPage extends RankingState {
  readonly standings: readonly RankedStanding[];
  readonly totalPlayers: number;
  /** Epoch ms of the newest change on the board; undefined when it is empty. */
  readonly changedAt: number | undefined;
  /** The sum of all its standings' versions, which grows with each of their changes. */
  readonly changes: number;
}

/** How far a ranking is. */
export interface RankingHead extends RankingState {
  /** Every event of the ledger up to this seq is surely in it. */
  readonly checkpoint: number;
}

/** How a ranking compares with what was expected of it. */
export interface Comparison extends RankingState {
  /** The players that it has a record of. */
  readonly players: number;
  /** The places in its order; as many, unless it is damaged. */
  readonly places: number;
  /** Undefined: it is all as expected. Otherwise what it holds of each, in the order they were given. */
  readonly held: readonly (Held | undefined)[] | undefined;
}

/** Where a scan goes on; only the ranking that gave it can read it. */
export type ScanCursor = unknown;

/** One step through all that a ranking holds. */
export interface ScanStep extends RankingState {
  /** Players that it has a record of; one may come twice. */
  readonly playerIds: readonly string[];
  readonly strays: readonly StrayPlace[];
  /** Undefined: this was the last step. */
  readonly next: ScanCursor | undefined;
}

/** A ranking that is being built beside the one in use, which goes on being written and read. */
export interface Rebuild {
  /** Adds standings; newer ones that were placed meanwhile stay. */
  add(standings: readonly Standing[]): Promise<void>;
  /** Puts the new ranking in the place of the old one. */
  finish(checkpoint: number): Promise<void>;
}

/** A builder that said nothing for this long is given up, in ms; each step says something. */
export const rebuildLeaseMs = 10_000;

/**
 * The order of boards. A projection of the ledger: writes are absolute and
 * versioned, so that a late or repeated one changes nothing.
 *
 * Every method but `follow` rejects with a ScoreError `ranking_unavailable` when
 * the backend can't be reached in time, and all but `head`, `beginRebuild`,
 * `remove` and `follow` reject with RankingMissing when the board has none.
 */
export interface Ranking {
  /** Puts standings in their places, unless newer ones of the players are there. */
  place(board: Board, standings: readonly Standing[]): Promise<Placements>;
  /** Up to `limit` standings after the first `offset`. */
  page(board: Board, offset: number, limit: number): Promise<RankedPage>;
  /** Up to `limit` standings with the player as near to the middle as the ends allow; undefined when the player is not there. */
  around(board: Board, playerId: string, limit: number): Promise<RankedPage | undefined>;
  /** Undefined when the board has no ranking. */
  head(board: Board): Promise<RankingHead | undefined>;
  /** Never lowers the checkpoint. */
  setCheckpoint(board: Board, seq: number): Promise<void>;
  /** Compares what it holds of some players, up to a thousand, with what it should. */
  compare(board: Board, expected: readonly Expected[]): Promise<Comparison>;
  /**
   * Goes one step, of some 500, through all it holds: players that come or go
   * meanwhile may be missed. A new epoch begins a new scan.
   */
  scan(board: Board, cursor: ScanCursor | undefined): Promise<ScanStep>;
  /** Undefined when somebody else is rebuilding, or has ended with an epoch as great as `epoch`. */
  beginRebuild(board: Board, epoch: number): Promise<Rebuild | undefined>;
  remove(boardNo: number): Promise<void>;
  /**
   * Calls `onChange` soon after each change of the board, whoever made it; some
   * may be missed, as all are while the backend can't be reached. Returns how to stop.
   */
  follow(boardNo: number, onChange: () => void): Promise<() => void>;
  close(): Promise<void>;
}

/** The board has no ranking: it was never built, or the backend lost it. */
export class RankingMissing extends Error {
  constructor(board: Board) {
    super(`board ${board.boardNo} has no ranking`);
    this.name = "RankingMissing";
  }
}

/** The first place to show so that `rank` (from 0) is in the middle of `limit`. */
export function windowStart(rank: number, limit: number, total: number): number {
  return Math.max(0, Math.min(rank - Math.floor((limit - 1) / 2), total - limit));
}
