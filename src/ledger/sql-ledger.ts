import { sql } from "kysely";
import type { Timers } from "../model/timers.ts";
import type { OpenDatabase } from "./database.ts";
import { reading } from "./database-failure.ts";
import { beginEra } from "./eras.ts";
import { sqlEventStatements } from "./event-statements.ts";
import { type CommitFailure, type EventLogLimits, GroupedEventLog } from "./grouped-event-log.ts";
import type { Ledger, PendingUpkeep } from "./ledger.ts";
import { migrate } from "./migrations.ts";
import { SqlGameStore } from "./sql-game-store.ts";
import { SqlInstanceRegistry } from "./sql-instance-registry.ts";
import { SqlStandingReader } from "./sql-standing-reader.ts";
import { fillStep, sweepStep } from "./upkeep.ts";

interface SqlLedgerOptions {
  readonly database: OpenDatabase;
  /** Names this process among those on the same ledger. */
  readonly instanceId: string;
  readonly limits: EventLogLimits;
  /** How long an `action_id` is known, at least. */
  readonly rememberDays: number;
  readonly now: () => number;
  readonly timers: Timers;
  readonly onBatch?: (size: number, queued: number) => void;
  readonly onCommitted?: (ms: number) => void;
  readonly onFailure?: (failure: CommitFailure) => void;
}

/** Brings the schema up to date and opens the ledger. Owns `database`, also when it fails. */
export async function openSqlLedger(options: SqlLedgerOptions): Promise<Ledger> {
  const { db, commits, commitsInFlight, close } = options.database;
  try {
    await migrate(db);
    const { ledger_id } = await db.selectFrom("ledger").selectAll().executeTakeFirstOrThrow();
    const { limits, now, timers, onBatch = () => {}, onCommitted, onFailure } = options;
    const statements = sqlEventStatements(commits);
    const events = new GroupedEventLog({
      statements,
      commitsInFlight,
      limits,
      now,
      timers,
      onBatch,
      onCommitted,
      onFailure,
    });
    let closing: Promise<void> | undefined;
    return {
      ledgerId: ledger_id,
      events,
      games: new SqlGameStore({ database: options.database, now, timers }),
      standings: new SqlStandingReader(db),
      instances: new SqlInstanceRegistry(options.database, options.instanceId),
      get queued() {
        return events.queued;
      },
      async upkeep(removeRanking) {
        await reading(() => beginEra(db, options.rememberDays));
        while (closing === undefined && (await reading(() => fillStep(db))));
        while (closing === undefined && (await reading(() => sweepStep(db, removeRanking))));
      },
      async pending() {
        const { rows } = await reading(() =>
          sql<PendingUpkeep>`
            select (select count(*) from board where state = 'filling') as "boardsFilling",
              (select count(*) from removed_board) + (select count(*) from removed_game)
                as deletions`.execute(db),
        );
        return rows[0] ?? { boardsFilling: 0, deletions: 0 };
      },
      async ping() {
        await reading(() => sql`select 1`.execute(commits));
      },
      close() {
        closing ??= events.close().then(close);
        return closing;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
