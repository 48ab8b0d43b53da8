import { mayAdminister } from "../access/permissions.ts";
import type { Game } from "../model/game.ts";
import { unknownGame } from "./game-catalog.ts";
import { Requirements } from "./requirements.ts";
import type { Call, Rooms } from "./rooms.ts";

/** A game's settings as they are now; rejects `unknown_game`. */
export async function getGame(rooms: Rooms, call: Call, gameId: string): Promise<Game> {
  const required = new Requirements();
  required.identifier("game_id", gameId);
  required.check();
  mayAdminister(call.identity, gameId);
  return (await rooms.ledger.games.find(gameId)) ?? unknownGame(gameId);
}
