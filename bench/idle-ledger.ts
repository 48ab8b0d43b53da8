import type { OpenDatabase } from "../src/ledger/database.ts";
import { openEmbeddedDatabase } from "../src/ledger/embedded-database.ts";
import type { Ledger } from "../src/ledger/ledger.ts";
import { openPostgresDatabase } from "../src/ledger/postgres-database.ts";
import { openSqlLedger } from "../src/ledger/sql-ledger.ts";
import { systemTimers } from "../src/model/timers.ts";

interface IdleLedger {
  readonly db: OpenDatabase["db"];
  /** Closes the database, too. */
  readonly ledger: Ledger;
}

/** The ledger of a service with these settings that does not run, to be filled past it. */
export async function openIdleLedger(
  settings: Readonly<Record<string, string>>,
  of: { readonly readConnections: number; readonly statementMs: number },
): Promise<IdleLedger> {
  const { DATABASE_URL, SCORE_DATA_DIR = "" } = settings;
  const instanceId = "filler";
  const limits = { connectMs: 5_000, ...of };
  const database =
    DATABASE_URL === undefined
      ? await openEmbeddedDatabase(SCORE_DATA_DIR)
      : openPostgresDatabase({ url: DATABASE_URL, limits, instanceId, onError: () => {} });
  const ledger = await openSqlLedger({
    database,
    instanceId,
    limits: { queuedEvents: 1, batchEvents: 1, patienceMs: 1_000 },
    rememberDays: 90,
    now: Date.now,
    timers: systemTimers,
  });
  return { db: database.db, ledger };
}
