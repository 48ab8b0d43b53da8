import { mayRead } from "../access/permissions.ts";
import { maxEntries } from "../ranking/board-reader.ts";
import type { RankedPage } from "../ranking/ranking.ts";
import { Requirements } from "./requirements.ts";
import type { Call, Rooms } from "./rooms.ts";

/** Which part of which board. */
export interface LeaderboardRequest {
  readonly gameId: string;
  /** Empty: the game's first board. */
  readonly boardId: string;
  readonly limit: number | undefined;
  readonly pageToken: string;
  readonly aroundPlayerId: string;
}

/** Part of a board; one object for all who read the same page of a ranking at a time. */
export type LeaderboardPage = RankedPage;

/** The number of entries when a request does not say. */
export const defaultLimit = 10;

/** Checks what every read of a board names. */
export function requireBoard(
  required: Requirements,
  request: { readonly gameId: string; readonly boardId: string },
): void {
  required.identifier("game_id", request.gameId);
  required.optionalIdentifier("board_id", request.boardId);
}

/** A page of a board from the top, or the neighbours of a player. */
export async function getLeaderboard(
  rooms: Rooms,
  call: Call,
  request: LeaderboardRequest,
): Promise<LeaderboardPage> {
  const { gameId, boardId, limit = defaultLimit, pageToken, aroundPlayerId } = request;
  const required = new Requirements();
  requireBoard(required, request);
  required.within("limit", limit, 1, maxEntries);
  required.optionalIdentifier("around_player_id", aroundPlayerId);
  const offset = readPageToken(pageToken);
  if (offset === undefined) required.refuse("page_token", "is not one of this service's");
  if (pageToken !== "" && aroundPlayerId !== "") {
    required.refuse("page_token", "can't go together with around_player_id");
  }
  required.check();
  mayRead(call.identity, gameId, rooms.anonymousRead);
  const board = await rooms.catalog.board(gameId, boardId);
  return aroundPlayerId === ""
    ? rooms.reader.page(board, offset ?? 0, limit)
    : rooms.reader.around(board, aroundPlayerId, limit);
}

/** What to ask for to see what follows the page; empty when nothing does. */
export function nextPageToken({ standings, totalPlayers }: LeaderboardPage): string {
  const last = standings.at(-1)?.rank ?? totalPlayers;
  return last >= totalPlayers ? "" : Buffer.from(`after:${last}`).toString("base64url");
}

function readPageToken(token: string): number | undefined {
  if (token === "") return 0;
  const match = /^after:(\d{1,15})$/.exec(Buffer.from(token, "base64url").toString("latin1"));
  return match ? Number(match[1]) : undefined;
}
