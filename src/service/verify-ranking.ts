import { ScoreError } from "../model/score-error.ts";
import { RankingCheck } from "../ranking/ranking-check.ts";
import type { RankingDifference } from "../ranking/ranking-difference.ts";
import { type BoardOfGame, type BoardsRequest, rankedBoards } from "./ranked-boards.ts";
import type { Call, Rooms } from "./rooms.ts";

/** How far the comparison of one board is. */
export interface VerifyProgress extends BoardOfGame {
  readonly playersChecked: number;
  readonly totalPlayers: number;
  /** Found since the last time; a board names `maxNamed` at most. */
  readonly differences: readonly RankingDifference[];
  readonly differenceCount: number;
  readonly isDone: boolean;
}

/** The differences that are named of one board. */
const maxNamed = 100;

/** How often a caller is told how far it is, in ms. */
export const progressMs = 200;

/**
 * Compares rankings with the ledger while scores go on coming in. Throws as
 * `rankedBoards`, and `ranking_unavailable` when a ranking is not the ledger's
 * state by its own account, or was rebuilt meanwhile.
 */
export async function* verifyRanking(
  rooms: Rooms,
  call: Call,
  request: BoardsRequest,
): AsyncGenerator<VerifyProgress> {
  for await (const one of rankedBoards(rooms, call, request)) {
    yield* verifyBoard(rooms, call, one);
  }
}

async function* verifyBoard(
  rooms: Rooms,
  call: Call,
  { gameId, board }: BoardOfGame,
): AsyncGenerator<VerifyProgress> {
  const { ledger, catalog, projector, stopping, monotonicNow, timers, onDifferences } = rooms;
  const signal = AbortSignal.any([call.signal, stopping]);
  const told = { gameId, board, playersChecked: 0, totalPlayers: 0, differenceCount: 0 };
  let named: RankingDifference[] = [];
  let hasRoom = maxNamed;
  if (board.state === "ready") {
    const check = new RankingCheck({
      board,
      ledger,
      read: async (query) => {
        await catalog.same(gameId, board);
        return projector.read(board, query);
      },
      now: monotonicNow,
      timers,
      signal,
    });
    let toldAt = monotonicNow();
    for await (const { differences, ...progress } of check.run()) {
      Object.assign(told, progress);
      told.differenceCount += differences.length;
      if (differences.length > 0) onDifferences(differences.length);
      named.push(...differences.slice(0, hasRoom - named.length));
      if (monotonicNow() - toldAt < progressMs) continue;
      toldAt = monotonicNow();
      yield { ...told, differences: named, isDone: false };
      hasRoom -= named.length;
      named = [];
    }
  }
  if (stopping.aborted) throw new ScoreError("shutting_down", "the service is shutting down");
  if (!call.signal.aborted) yield { ...told, differences: named, isDone: true };
}
