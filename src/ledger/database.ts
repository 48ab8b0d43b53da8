import type { ColumnType, Generated, Kysely } from "kysely";
import type { Aggregation, Direction } from "../model/game.ts";

/** The tables; see migrations.ts for what each column means. */
export interface Tables {
  ledger: { ledger_id: string; era: Generated<number> };
  game: {
    game_no: Generated<number>;
    game_id: string;
    revision: number;
    actions: ColumnType<{ name: string; points: number; maxPerMinute: number }[], string, string>;
    updated_at: ColumnType<Date, never, never>;
  };
  board: {
    board_no: Generated<number>;
    game_no: number;
    board_id: string;
    aggregation: Aggregation;
    direction: Direction;
    title: string;
    position: number;
    state: "ready" | "filling";
    filled_seq: number;
    epoch: Generated<number>;
  };
  score_event: { seq: Generated<number>; game_no: number; player_id: string };
  standing: { board_no: number; player_id: string };
  instance: { instance_id: string; projected_seq: number };
  removed_game: { game_no: number };
  removed_board: { board_no: number };
}

export type Database = Kysely<Tables>;

/** An open database and what differs between the two kinds of it. */
export interface OpenDatabase {
  readonly db: Database;
  /**
   * The same over connections of their own, for short statements: commits, the
   * look-ups that they need, and reports wait for no scan.
   */
  readonly commits: Database;
  /** How many commits may be under way at once. */
  readonly commitsInFlight: number;
  /**
   * Ends the sessions of another instance, or those that this one gave up: what
   * they had under way is committed when this resolves, or never. Rejects when
   * that can't be told yet.
   */
  endSessions(instanceId?: string): Promise<void>;
  close(): Promise<void>;
}
