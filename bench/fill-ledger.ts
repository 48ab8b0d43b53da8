import { type RawBuilder, sql } from "kysely";
import type { Database } from "../src/ledger/database.ts";
import { defaultGameSettings } from "../src/model/game.ts";
import { openIdleLedger } from "./idle-ledger.ts";
import { firstPlayer } from "./score-request.ts";

/** Events of one statement: a second or so of work. */
const step = 200_000;

/** Statements at a time: a core each of the least machine. */
const fillers = 2;

const statementMs = 300_000;

export interface Filling {
  readonly gameId: string;
  readonly players: number;
  /** At least one each; by default just that. */
  readonly events?: number;
  /** `short`: those of `playerId`; `long`: UUIDs, in no order. */
  readonly ids?: "short" | "long";
  readonly say?: (doing: string) => void;
}

/**
 * Gives a game's only board that many players, straight in the ledger, with
 * the events that made their scores: of a million players a million events
 * take some 10 s, by calls it would be minutes. The service must not run yet.
 */
export async function fillLedger(
  settings: Readonly<Record<string, string>>,
  { gameId, players, events = players, ids = "short", say = () => {} }: Filling,
): Promise<void> {
  const { db, ledger } = await openIdleLedger(settings, { readConnections: fillers, statementMs });
  try {
    const { gameNo, boards } = await ledger.games.put(defaultGameSettings(gameId));
    const [board] = boards;
    if (board === undefined) throw new Error("the game has no board");
    await sql`alter table score_event drop constraint known_action`.execute(db);
    let next = 0;
    let done = 0;
    const fill = async () => {
      while (next < events) {
        const from = next;
        const to = Math.min(events, from + step);
        next = to;
        await addEvents(db, { gameNo, players, ids, from, to });
        done += to - from;
        say(`filling the ledger: ${done} of ${events} events`);
      }
    };
    await Promise.all(Array.from({ length: fillers }, fill));
    await db.connection().execute(async (one) => {
      // Sorted and summed up in memory rather than in files.
      await sql`set maintenance_work_mem = '1GB'`.execute(one);
      await sql`set work_mem = '1GB'`.execute(one);
      say("filling the ledger: the index of events");
      await sql`alter table score_event
        add constraint known_action unique (game_no, action_id, era)`.execute(one);
      say("filling the ledger: the standings");
      await sql`alter table standing drop constraint standing_pkey`.execute(one);
      await sql`insert into standing (board_no, player_id, score, seq, version, updated_at)
        select ${board.boardNo}, player_id, sum(points), max(seq), 1 + count(*), max(committed_at)
        from score_event group by player_id`.execute(one);
      await sql`alter table standing add primary key (board_no, player_id)`.execute(one);
      await sql`analyze`.execute(one);
    });
  } finally {
    await ledger.close();
  }
}

interface Step {
  readonly gameNo: number;
  readonly players: number;
  readonly ids: "short" | "long";
  readonly from: number;
  readonly to: number;
}

async function addEvents(db: Database, { gameNo, players, ids, from, to }: Step): Promise<void> {
  const place = sql`(i % ${players}::int)`;
  await sql`insert into score_event
      (era, game_no, player_id, action_id, points, committed_at, sent_by, sent_role, address)
    select 1, ${gameNo}, ${idOf(ids, place)}, md5('a' || i)::uuid::text, 1 + i * 7919 % 1000,
      clock_timestamp(), 'bench', 'server', '127.0.0.1'
    from generate_series(${from}::bigint, ${to - 1}::bigint) i`.execute(db);
}

function idOf(ids: "short" | "long", place: RawBuilder<unknown>): RawBuilder<unknown> {
  if (ids === "long") return sql`md5(${place}::text)::uuid::text`;
  return sql`'p' || (${firstPlayer}::int + ${place})`;
}
