import type { Board, Game } from "../model/game.ts";
import type { ScoreEvent } from "../model/score-event.ts";
import { type CommitColumns, type FoldKind, foldKind } from "./commit-statement.ts";

/** Every board that is ready of the games of `events`, by number. */
export function boardsOf(events: readonly ScoreEvent[]): ReadonlyMap<number, Board> {
  const boards = new Map<number, Board>();
  for (const game of gamesOf(events)) {
    for (const board of game.boards) if (board.state === "ready") boards.set(board.boardNo, board);
  }
  return boards;
}

/** Turns events into the arrays of a commit statement, one element an event. */
export function commitColumns(events: readonly ScoreEvent[]): CommitColumns {
  const games = gamesOf(events);
  const boards = new Map<FoldKind, { gameNo: number[]; boardNo: number[] }>();
  for (const game of games) {
    for (const board of game.boards) {
      if (board.state !== "ready") continue;
      const kind = foldKind(board);
      const list = boards.get(kind) ?? { gameNo: [], boardNo: [] };
      list.gameNo.push(game.gameNo);
      list.boardNo.push(board.boardNo);
      boards.set(kind, list);
    }
  }
  return {
    games: {
      gameNo: games.map((game) => game.gameNo),
      revision: games.map((game) => game.revision),
    },
    boards,
    events: {
      gameNo: events.map((event) => event.game.gameNo),
      playerId: events.map((event) => event.playerId),
      actionId: events.map((event) => event.actionId),
      points: events.map((event) => event.points),
      action: events.map((event) => event.action ?? null),
      displayName: events.map((event) => event.displayName ?? null),
      occurredAt: events.map((event) => event.occurredAt ?? null),
      sentBy: events.map((event) => event.sender.subject),
      sentRole: events.map((event) => event.sender.role),
      address: events.map((event) => event.sender.address),
    },
  };
}

/** The games of a batch, each once; the events of one game hold the same settings. */
function gamesOf(events: readonly ScoreEvent[]): Game[] {
  const games = new Map(events.map(({ game }) => [game.gameNo, game]));
  return [...games.values()];
}
