import { randomUUID } from "node:crypto";
import type { Ledger, Receipt } from "../../src/ledger/ledger.ts";
import type { Aggregation, Board, Direction, Game, GameSettings } from "../../src/model/game.ts";
import { isScoreError } from "../../src/model/score-error.ts";
import type { ScoreEvent } from "../../src/model/score-event.ts";

type BoardSettings = GameSettings["boards"][number];

/** `best_ascending` stands for a board of that name with these rules. */
export type BoardName = `${Aggregation}_${Direction}`;

/** One board for each kind of rules. */
export const everyBoard: readonly BoardName[] = [
  "sum_descending",
  "sum_ascending",
  "best_descending",
  "best_ascending",
  "latest_descending",
  "latest_ascending",
];

export function boardSettings(name: BoardName, boardId: string = name): BoardSettings {
  const [aggregation, direction] = name.split("_") as [Aggregation, Direction];
  return { boardId, aggregation, direction, title: "" };
}

/** The settings of a game of its own, with boards named for their rules. */
export function newSettings(boards: readonly BoardName[] = ["sum_descending"]): GameSettings {
  return {
    gameId: `game-${randomUUID()}`,
    boards: boards.map((name) => boardSettings(name)),
    actions: [],
  };
}

export function newGame(ledger: Ledger, boards?: readonly BoardName[]): Promise<Game> {
  return ledger.games.put(newSettings(boards));
}

/** An event with an `actionId` of its own, unless `what` has one. */
export function eventOf(game: Game, what: Partial<ScoreEvent> = {}): ScoreEvent {
  return {
    game,
    playerId: "ada",
    actionId: randomUUID(),
    points: 1,
    action: undefined,
    displayName: undefined,
    occurredAt: undefined,
    sender: { subject: "game-server", role: "server", address: "127.0.0.1" },
    ...what,
  };
}

/** Submits as the service does: against the game as it is, anew when it changed meanwhile. */
export async function submitLive(
  ledger: Ledger,
  gameId: string,
  what: Partial<ScoreEvent>,
): Promise<Receipt> {
  const actionId = randomUUID();
  for (;;) {
    try {
      const game = await gameNow(ledger, gameId);
      return await ledger.events.submit(eventOf(game, { actionId, ...what }));
    } catch (error) {
      if (!isScoreError(error, "game_changed")) throw error;
    }
  }
}

/** The game as it is now. */
export async function gameNow(ledger: Ledger, gameId: string): Promise<Game> {
  const game = await ledger.games.find(gameId);
  if (game === undefined) throw new Error(`no game ${gameId}`);
  return game;
}

export function boardOf(game: Game, boardId: string): Board {
  const board = game.boards.find((each) => each.boardId === boardId);
  if (board === undefined) throw new Error(`no board ${boardId}`);
  return board;
}
