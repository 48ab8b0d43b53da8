/** How a board adds up a player's events. */
export type Aggregation = "sum" | "best" | "latest";

/** Which end of a board wins. */
export type Direction = "descending" | "ascending";

/** A named view over a game's events. */
export interface Board {
  /** The ledger's own number: never used again for another board or other rules. */
  readonly boardNo: number;
  readonly boardId: string;
  readonly aggregation: Aggregation;
  readonly direction: Direction;
  readonly title: string;
  /** A `filling` board misses part of the game's history and is not shown yet. */
  readonly state: "ready" | "filling";
}

/** Something that players do, and what it is worth. */
export interface Action {
  readonly name: string;
  readonly points: number;
  /** How often a player may do it within a minute; 0 is without limit. */
  readonly maxPerMinute: number;
}

/** The tenant: owns boards, action rules and players. */
export interface Game {
  /** The ledger's own number: a game that is deleted and made anew has another. */
  readonly gameNo: number;
  readonly gameId: string;
  /** Grows with every change of the settings. */
  readonly revision: number;
  readonly boards: readonly Board[];
  readonly actions: ReadonlyMap<string, Action>;
  /** Epoch ms of the last change of the settings. */
  readonly updatedAt: number;
}

/** What an operator may set of a game. */
export interface GameSettings {
  readonly gameId: string;
  readonly boards: readonly Pick<Board, "boardId" | "aggregation" | "direction" | "title">[];
  readonly actions: readonly Action[];
}

/** The settings of a game that came to be by its first score. */
export function defaultGameSettings(gameId: string): GameSettings {
  return {
    gameId,
    boards: [{ boardId: "main", aggregation: "sum", direction: "descending", title: "" }],
    actions: [],
  };
}
