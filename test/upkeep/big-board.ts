import { sql } from "kysely";
import type { OpenDatabase } from "../../src/ledger/database.ts";
import { openEmbeddedDatabase } from "../../src/ledger/embedded-database.ts";
import { openPostgresDatabase } from "../../src/ledger/postgres-database.ts";
import { openSqlLedger } from "../../src/ledger/sql-ledger.ts";
import { defaultGameSettings } from "../../src/model/game.ts";
import { systemTimers } from "../../src/model/timers.ts";
import type { Backend } from "../lanes/backends.ts";

/** The player of that number, from 1; of equal scores the lower ranks higher. */
export const playerId = (number: number) => `player-${String(number).padStart(8, "0")}`;

/**
 * Gives a game's only board that many players, straight in the ledger: a
 * million takes some 10 s, by calls it would be minutes. The service must not
 * run yet.
 */
export async function fillBoard({ env }: Backend, gameId: string, players: number): Promise<void> {
  const database = await open(env);
  const ledger = await openSqlLedger({
    database,
    instanceId: "filler",
    limits: { queuedEvents: 1, batchEvents: 1, patienceMs: 1_000 },
    rememberDays: 90,
    now: Date.now,
    timers: systemTimers,
  });
  try {
    const { boards } = await ledger.games.put(defaultGameSettings(gameId));
    const boardNo = boards[0]?.boardNo;
    for (let from = 1; from <= players; from += 50_000) {
      const to = Math.min(players, from + 49_999);
      await sql`insert into standing (board_no, player_id, score, seq, version, updated_at)
        select ${boardNo}, 'player-' || lpad(i::text, 8, '0'), i % 1000, i, 1, now()
        from generate_series(${from}::int, ${to}::int) i`.execute(database.db);
    }
    await sql`select setval('event_seq', ${players})`.execute(database.db);
    await sql`analyze standing`.execute(database.db);
  } finally {
    await ledger.close();
  }
}

async function open(env: Backend["env"]): Promise<OpenDatabase> {
  const { DATABASE_URL, SCORE_DATA_DIR = "" } = env;
  if (DATABASE_URL === undefined) return openEmbeddedDatabase(SCORE_DATA_DIR);
  const limits = { connections: 1, connectMs: 5_000, statementMs: 60_000 };
  return openPostgresDatabase(DATABASE_URL, limits, () => {});
}
