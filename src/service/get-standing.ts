import { mayRead } from "../access/permissions.ts";
import type { RankedStanding, Standing } from "../model/standing.ts";
import { requireBoard } from "./get-leaderboard.ts";
import { Requirements } from "./requirements.ts";
import type { Call, Rooms } from "./rooms.ts";

/** One player's place on a board; rank and percentile are undefined while the ranking is unavailable. */
export interface PlayerStanding {
  readonly standing: Standing;
  readonly rank: number | undefined;
  readonly percentile: number | undefined;
  readonly totalPlayers: number;
}

/** One player's place on a board. */
export async function getStanding(
  rooms: Rooms,
  call: Call,
  request: { readonly gameId: string; readonly boardId: string; readonly playerId: string },
): Promise<PlayerStanding> {
  const { gameId, boardId, playerId } = request;
  const required = new Requirements();
  requireBoard(required, request);
  required.identifier("player_id", playerId);
  required.check();
  mayRead(call.identity, gameId, rooms.anonymousRead);
  const board = await rooms.catalog.board(gameId, boardId);
  const { standing, totalPlayers } = await rooms.reader.place(board, playerId);
  const rank = rankOf(standing);
  const percentile = rank && ((totalPlayers - rank + 1) / totalPlayers) * 100;
  return { standing, rank, percentile, totalPlayers };
}

function rankOf(standing: Standing | RankedStanding): number | undefined {
  return "rank" in standing ? standing.rank : undefined;
}
