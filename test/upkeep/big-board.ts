import { sql } from "kysely";
import { openIdleLedger } from "../../bench/idle-ledger.ts";
import { defaultGameSettings } from "../../src/model/game.ts";
import type { Backend } from "../lanes/backends.ts";

const statementMs = 60_000;

/** The player of that number, from 1; of equal scores the lower ranks higher. */
export const playerId = (number: number) => `player-${String(number).padStart(8, "0")}`;

/**
 * Gives a game's only board that many players, straight in the ledger: a
 * million takes some 10 s, by calls it would be minutes. The service must not
 * run yet.
 */
export async function fillBoard({ env }: Backend, gameId: string, players: number): Promise<void> {
  const { db, ledger } = await openIdleLedger(env, { readConnections: 1, statementMs });
  try {
    const { boards } = await ledger.games.put(defaultGameSettings(gameId));
    const boardNo = boards[0]?.boardNo;
    for (let from = 1; from <= players; from += 50_000) {
      const to = Math.min(players, from + 49_999);
      await sql`insert into standing (board_no, player_id, score, seq, version, updated_at)
        select ${boardNo}, 'player-' || lpad(i::text, 8, '0'), i % 1000, i, 1, now()
        from generate_series(${from}::int, ${to}::int) i`.execute(db);
    }
    await sql`select setval('event_seq', ${players})`.execute(db);
    await sql`analyze standing`.execute(db);
  } finally {
    await ledger.close();
  }
}
