import { setTimeout as sleep } from "node:timers/promises";
import { type BoardOfGame, type BoardsRequest, rankedBoards } from "./ranked-boards.ts";
import type { Call, Rooms } from "./rooms.ts";
import { progressMs } from "./verify-ranking.ts";

/** How far the rebuild of one board is. */
export interface RebuildProgress extends BoardOfGame {
  readonly playersBuilt: number;
  /** In the ranking that is replaced. */
  readonly totalPlayers: number;
  /** Whole. */
  readonly tookMs: number;
  readonly isDone: boolean;
}

/**
 * Builds rankings anew beside those in use. A board that was begun is finished
 * even when the caller leaves, unless this instance stops. Throws as
 * `rankedBoards`, and `ranking_unavailable` also when somebody else is
 * rebuilding the board.
 */
export async function* rebuildRanking(
  rooms: Rooms,
  call: Call,
  request: BoardsRequest,
): AsyncGenerator<RebuildProgress> {
  for await (const one of rankedBoards(rooms, call, request)) {
    if (call.signal.aborted) return;
    yield* rebuildBoard(rooms, one);
  }
}

async function* rebuildBoard(
  { projector, catalog, monotonicNow }: Rooms,
  { gameId, board }: BoardOfGame,
): AsyncGenerator<RebuildProgress> {
  const told = { gameId, board, playersBuilt: 0, totalPlayers: 0 };
  if (board.state !== "ready") {
    yield { ...told, tookMs: 0, isDone: true };
    return;
  }
  const began = monotonicNow();
  const page = await projector.read(board, (ranking) => ranking.page(board, 0, 0));
  told.totalPlayers = page.totalPlayers;
  const rebuild = projector
    .rebuild(board, (built) => {
      told.playersBuilt = built;
    })
    .then(() => true);
  // Whoever leaves in the middle does not hear how it ended.
  rebuild.catch(() => {});
  try {
    for (let isDone = false; !isDone; ) {
      isDone = await Promise.race([rebuild, sleep(progressMs, false, { ref: false })]);
      yield { ...told, tookMs: Math.round(monotonicNow() - began), isDone };
    }
  } catch (error) {
    // A board that was removed has no ranking to build: say that.
    await catalog.same(gameId, board);
    throw error;
  }
}
