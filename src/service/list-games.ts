import { covers } from "../access/identity.ts";
import { mayAdminister } from "../access/permissions.ts";
import type { Game } from "../model/game.ts";
import { Requirements } from "./requirements.ts";
import type { Call, Rooms } from "./rooms.ts";

const defaultLimit = 100;
const maxLimit = 1_000;

/** Some games, by id. */
export interface GamePage {
  readonly games: readonly Game[];
  readonly nextPageToken: string;
}

/** The games that the token covers. */
export async function listGames(
  rooms: Rooms,
  call: Call,
  request: { readonly limit: number | undefined; readonly pageToken: string },
): Promise<GamePage> {
  const { limit = defaultLimit, pageToken } = request;
  const required = new Requirements();
  required.within("limit", limit, 1, maxLimit);
  required.optionalIdentifier("page_token", pageToken);
  required.check();
  const identity = mayAdminister(call.identity);
  const found: Game[] = [];
  for (let after = pageToken; ; ) {
    const games = await rooms.ledger.games.list(after, maxLimit);
    for (const game of games) {
      if (!covers(identity, game.gameId)) continue;
      if (found.length === limit) {
        return { games: found, nextPageToken: found.at(-1)?.gameId ?? "" };
      }
      found.push(game);
    }
    const last = games.at(-1);
    if (last === undefined) return { games: found, nextPageToken: "" };
    after = last.gameId;
  }
}
