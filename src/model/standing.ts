import type { Board, Direction } from "./game.ts";

/** One player's score on one board. */
export interface Standing {
  readonly playerId: string;
  readonly score: number;
  /** The event that reached the score: of equal scores the lower ranks higher. */
  readonly seq: number;
  /** Grows with every change: of two copies the greater is the newer. */
  readonly version: number;
  /** Epoch ms at which that event was committed. */
  readonly updatedAt: number;
  /** The name to show; undefined: the player's id. */
  readonly displayName: string | undefined;
}

/** A standing with its place, from 1. */
export interface RankedStanding extends Standing {
  readonly rank: number;
}

/** A standing that a batch of events touched. */
export interface StandingChange {
  readonly board: Board;
  readonly standing: Standing;
}

/**
 * The order of a board, best first: negative when `a` ranks before `b`.
 * Ledger, Redis and memory all realise this one order.
 */
export function compareStandings(
  direction: Direction,
  a: Pick<Standing, "score" | "seq">,
  b: Pick<Standing, "score" | "seq">,
): number {
  const byScore = direction === "descending" ? b.score - a.score : a.score - b.score;
  return byScore !== 0 ? byScore : a.seq - b.seq;
}

/** The score after an event of `points`; `score` is undefined before the first one. */
export function foldPoints(
  board: Pick<Board, "aggregation" | "direction">,
  score: number | undefined,
  points: number,
): number {
  if (score === undefined || board.aggregation === "latest") return points;
  if (board.aggregation === "sum") return score + points;
  return board.direction === "descending" ? Math.max(score, points) : Math.min(score, points);
}
