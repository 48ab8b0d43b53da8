import { mayAdminister } from "../access/permissions.ts";
import { unknownGame } from "./game-catalog.ts";
import { Requirements } from "./requirements.ts";
import type { Call, Rooms } from "./rooms.ts";

/** Deletes a game with its boards and events; its rows go away in small steps. Rejects `unknown_game`. */
export async function deleteGame(rooms: Rooms, call: Call, gameId: string): Promise<void> {
  const required = new Requirements();
  required.identifier("game_id", gameId);
  required.check();
  mayAdminister(call.identity, gameId);
  const wasThere = await rooms.ledger.games.delete(gameId);
  rooms.catalog.forget(gameId);
  if (!wasThere) unknownGame(gameId);
  rooms.startUpkeep();
}
