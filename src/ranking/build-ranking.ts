import type { Ledger, StandingPage } from "../ledger/ledger.ts";
import type { Board } from "../model/game.ts";
import { ScoreError } from "../model/score-error.ts";
import type { Timers } from "../model/timers.ts";
import type { Pace } from "./pace.ts";
import type { Ranking } from "./ranking.ts";

/** Standings read and written in one step when nothing else matters. */
const stepStandings = 1_000;

/** And when others go on meanwhile: 2 ms of an embedded ledger, which does one thing at a time. */
const gentleStandings = 250;

/** What is built, and how. */
export interface BuildOptions {
  readonly board: Board;
  readonly ledger: Ledger;
  readonly ranking: Ranking;
  readonly timers: Timers;
  /** Ends the build between two steps. */
  readonly signal: AbortSignal;
  /** From now on writes reach the new ranking, too. */
  readonly onBegun?: () => void;
  readonly onProgress?: (playersBuilt: number) => void;
  /** Leaves room for others who read and write; without it the build is as fast as it can be. */
  readonly pace?: Pace;
}

/**
 * Builds a board's ranking from the ledger, in a new epoch beside the one in
 * use, and puts it in its place. False when somebody else is building one.
 * Rejects `unknown_board` when the board was removed, `ranking_unavailable`,
 * `ledger_unavailable` and `shutting_down`.
 */
export async function buildRanking(options: BuildOptions): Promise<boolean> {
  const { board, ledger, ranking, timers, signal, onBegun, onProgress, pace } = options;
  const epoch = await ledger.instances.nextEpoch(board);
  if (epoch === undefined) {
    throw new ScoreError("unknown_board", `board ${board.boardId} was removed`);
  }
  const rebuild = await ranking.beginRebuild(board, epoch);
  if (rebuild === undefined) return false;
  onBegun?.();
  const checkpoint = await ledger.instances.checkpoint();
  const limit = pace ? gentleStandings : stepStandings;
  const read = (after: string | undefined) => ledger.standings.page(board, after, limit);
  const following = async ({ next }: StandingPage) => (next === undefined ? undefined : read(next));
  let built = 0;
  for (let page: StandingPage | undefined = await read(undefined); page; ) {
    if (signal.aborted) throw new ScoreError("shutting_down", "the service is shutting down");
    const { standings } = page;
    if (pace) {
      await rebuild.add(standings);
      await pace.rest();
      page = await following(page);
    } else {
      // Ledger and ranking work at the same time: a million players took 20.5 to 25.6 s one after
      // the other, and now 15.7 to 16.2.
      [page] = await Promise.all([following(page), rebuild.add(standings)]);
      // An embedded ledger and a ranking in memory answer within the same turn.
      await new Promise<void>((resolve) => timers.soon(resolve));
    }
    built += standings.length;
    onProgress?.(built);
  }
  await rebuild.finish(checkpoint);
  return true;
}
