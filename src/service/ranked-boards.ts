import { covers } from "../access/identity.ts";
import { mayAdminister } from "../access/permissions.ts";
import type { Board } from "../model/game.ts";
import { Requirements } from "./requirements.ts";
import type { Call, Rooms } from "./rooms.ts";

/** The boards whose rankings a call is about. */
export interface BoardsRequest {
  /** Empty: every game that the token covers. */
  readonly gameId: string;
  /** Empty: every board. */
  readonly boardId: string;
}

/** A board and the game it belongs to. */
export interface BoardOfGame {
  readonly gameId: string;
  readonly board: Board;
}

const gamesPerRead = 1_000;

/**
 * The boards named, one after the other; among several also those that are
 * being filled. Throws `invalid_request`, `unauthenticated`,
 * `permission_denied`, `unknown_game`, `unknown_board` and, for a board named,
 * `board_filling`.
 */
export async function* rankedBoards(
  rooms: Rooms,
  call: Call,
  { gameId, boardId }: BoardsRequest,
): AsyncGenerator<BoardOfGame> {
  const required = new Requirements();
  required.optionalIdentifier("game_id", gameId);
  required.optionalIdentifier("board_id", boardId);
  if (gameId === "" && boardId !== "") required.refuse("game_id", "is required with board_id");
  required.check();
  const identity = mayAdminister(call.identity, gameId === "" ? undefined : gameId);
  if (boardId !== "") {
    yield { gameId, board: await rooms.catalog.board(gameId, boardId) };
  } else if (gameId !== "") {
    const { boards } = await rooms.catalog.get(gameId);
    for (const board of boards) yield { gameId, board };
  } else {
    for (let after = ""; ; ) {
      const games = await rooms.ledger.games.list(after, gamesPerRead);
      for (const game of games) {
        if (!covers(identity, game.gameId)) continue;
        for (const board of game.boards) yield { gameId: game.gameId, board };
      }
      const last = games.at(-1);
      if (last === undefined) return;
      after = last.gameId;
    }
  }
}
