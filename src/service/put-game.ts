import { mayAdminister } from "../access/permissions.ts";
import type { Aggregation, Direction, Game, GameSettings } from "../model/game.ts";
import { Requirements } from "./requirements.ts";
import type { Call, Rooms } from "./rooms.ts";

const maxBoards = 20;
const maxActions = 1_000;

/** A board as a caller sends it; undefined stands for what this service does not know. */
interface BoardRequest {
  readonly boardId: string;
  readonly aggregation: Aggregation | undefined;
  readonly direction: Direction | undefined;
  readonly title: string;
}

/** A game's settings as a caller sends them. */
export interface GameRequest {
  readonly gameId: string;
  readonly boards: readonly BoardRequest[];
  readonly actions: readonly { name: string; points: bigint; maxPerMinute: number }[];
}

/** Creates a game or replaces its settings; a board that is new to it is filled from its history. */
export async function putGame(rooms: Rooms, call: Call, request: GameRequest): Promise<Game> {
  mayAdminister(call.identity, request.gameId);
  checkGame(request);
  const actions = request.actions.map((action) => ({ ...action, points: Number(action.points) }));
  const game = await rooms.ledger.games.put({ ...request, actions });
  rooms.catalog.forget(game.gameId);
  rooms.startUpkeep();
  return game;
}

function checkGame(
  request: GameRequest,
): asserts request is GameRequest & Pick<GameSettings, "boards"> {
  const { gameId, boards, actions } = request;
  const required = new Requirements();
  required.identifier("game.game_id", gameId);
  if (boards.length < 1 || boards.length > maxBoards) {
    required.refuse("game.boards", `must be 1 to ${maxBoards}`);
  }
  const boardIds = new Set<string>();
  boards.slice(0, maxBoards).forEach(({ boardId, aggregation, direction, title }, index) => {
    const field = `game.boards[${index}]`;
    required.identifier(`${field}.board_id`, boardId);
    required.known(`${field}.aggregation`, aggregation);
    required.known(`${field}.direction`, direction);
    if (title !== "") required.name(`${field}.title`, title);
    if (boardIds.has(boardId)) {
      required.refuse(`${field}.board_id`, "must be unique within the game");
    }
    boardIds.add(boardId);
  });
  if (actions.length > maxActions) required.refuse("game.actions", `must be 0 to ${maxActions}`);
  const names = new Set<string>();
  actions.slice(0, maxActions).forEach(({ name, points, maxPerMinute }, index) => {
    const field = `game.actions[${index}]`;
    required.identifier(`${field}.action`, name);
    required.points(`${field}.points`, points);
    required.within(`${field}.max_per_minute`, maxPerMinute, 0, 1_000_000);
    if (names.has(name)) required.refuse(`${field}.action`, "must be unique within the game");
    names.add(name);
  });
  required.check();
}
