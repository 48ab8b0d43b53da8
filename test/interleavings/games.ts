import type { Board, Game } from "../../src/model/game.ts";

const board = (boardNo: number, rules: Pick<Board, "aggregation" | "direction">): Board => ({
  boardNo,
  boardId: `board-${boardNo}`,
  title: "",
  state: "ready",
  ...rules,
});

const game = (gameNo: number, boards: readonly Board[]): Game => ({
  gameNo,
  gameId: `game-${gameNo}`,
  revision: 1,
  boards,
  actions: new Map(),
  updatedAt: 0,
});

/** Two games, so that a commit to one may overtake a commit to the other. */
export const games: readonly Game[] = [
  game(1, [
    board(1, { aggregation: "sum", direction: "descending" }),
    board(2, { aggregation: "latest", direction: "ascending" }),
  ]),
  game(2, [board(3, { aggregation: "best", direction: "descending" })]),
];

export const players = ["ann", "bob", "eve", "joe"];
