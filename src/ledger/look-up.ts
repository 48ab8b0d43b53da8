import { sql } from "kysely";
import type { ScoreEvent } from "../model/score-event.ts";
import type { Standing } from "../model/standing.ts";
import { epochMs } from "./commit-statement.ts";
import type { Database } from "./database.ts";

/** What the ledger holds under an `action_id`. */
export interface KnownEvent {
  readonly playerId: string;
  readonly points: number;
  readonly action: string | undefined;
  readonly seq: number;
  readonly committedAt: number;
}

/** The key of an event in maps. */
export const eventKey = (gameNo: number, actionId: string) => `${gameNo}/${actionId}`;

/** The key of a standing in maps. */
export const standingKey = (boardNo: number, playerId: string) => `${boardNo}/${playerId}`;

/**
 * The events that a commit did not insert because their `action_id` is known,
 * by game number and id. A statement of its own: the other event may have been
 * committed after the snapshot of the one that met it.
 */
export async function lookUpEvents(
  db: Database,
  events: readonly ScoreEvent[],
): Promise<ReadonlyMap<string, KnownEvent>> {
  const found = new Map<string, KnownEvent>();
  if (events.length === 0) return found;
  const gameNos = events.map((event) => event.game.gameNo);
  const actionIds = events.map((event) => event.actionId);
  const { rows } = await sql<{
    game_no: number;
    action_id: string;
    player_id: string;
    points: number;
    action: string | null;
    seq: number;
    at: number;
  }>`
    select e.game_no, e.action_id, e.player_id, e.points, e.action, e.seq,
      ${epochMs(sql`e.committed_at`)} as at
    from unnest(${gameNos}::int[], ${actionIds}::text[]) as k(game_no, action_id)
    join score_event e on e.game_no = k.game_no and e.action_id = k.action_id
      and e.era >= (select era - 1 from ledger)`.execute(db);
  for (const row of rows) {
    found.set(eventKey(row.game_no, row.action_id), {
      playerId: row.player_id,
      points: row.points,
      action: row.action ?? undefined,
      seq: row.seq,
      committedAt: row.at,
    });
  }
  return found;
}

/** A standing as the database gives it. */
export interface StandingRow {
  readonly board_no: number;
  readonly player_id: string;
  readonly score: number;
  readonly seq: number;
  readonly version: number;
  readonly display_name: string | null;
  readonly at: number;
}

/** The columns of a StandingRow, from `standing s`. */
export const standingColumns = sql`s.board_no, s.player_id, s.score, s.seq, s.version,
  s.display_name, ${epochMs(sql`s.updated_at`)} as at`;

export function toStanding(row: StandingRow): Standing {
  return {
    playerId: row.player_id,
    score: row.score,
    seq: row.seq,
    version: row.version,
    updatedAt: row.at,
    displayName: row.display_name ?? undefined,
  };
}

/** The standings of some players as they are now. */
export async function lookUpStandings(
  db: Database,
  keys: readonly { boardNo: number; playerId: string }[],
): Promise<readonly { boardNo: number; standing: Standing }[]> {
  if (keys.length === 0) return [];
  const boardNos = keys.map((key) => key.boardNo);
  const playerIds = keys.map((key) => key.playerId);
  const { rows } = await sql<StandingRow>`
    select ${standingColumns}
    from (select distinct * from unnest(${boardNos}::int[], ${playerIds}::text[])
      as k(board_no, player_id)) k
    join standing s on s.board_no = k.board_no and s.player_id = k.player_id`.execute(db);
  return rows.map((row) => ({ boardNo: row.board_no, standing: toStanding(row) }));
}
