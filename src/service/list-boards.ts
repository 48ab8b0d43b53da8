import { mayRead } from "../access/permissions.ts";
import type { Board } from "../model/game.ts";
import { Requirements } from "./requirements.ts";
import type { Call, Rooms } from "./rooms.ts";

/** A game's boards, the default one first, as any reader may see them; rejects `unknown_game`. */
export async function listBoards(
  rooms: Rooms,
  call: Call,
  gameId: string,
): Promise<readonly Board[]> {
  const required = new Requirements();
  required.identifier("game_id", gameId);
  required.check();
  mayRead(call.identity, gameId, rooms.anonymousRead);
  return (await rooms.catalog.get(gameId)).boards;
}
