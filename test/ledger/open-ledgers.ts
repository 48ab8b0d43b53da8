import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CompiledQuery } from "kysely";
import type { Database } from "../../src/ledger/database.ts";
import { openEmbeddedDatabase } from "../../src/ledger/embedded-database.ts";
import type { EventLogLimits } from "../../src/ledger/grouped-event-log.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openPostgresDatabase } from "../../src/ledger/postgres-database.ts";
import { openSqlLedger } from "../../src/ledger/sql-ledger.ts";
import { monotonicClock } from "../../src/model/clock.ts";
import { systemTimers } from "../../src/model/timers.ts";

/** What a test may set of a ledger. */
export interface LedgerOptions {
  readonly instanceId?: string;
  readonly limits?: Partial<EventLogLimits>;
  readonly now?: () => number;
  readonly onBatch?: (size: number, queued: number) => void;
  /** How long a statement may take on a real server, in ms. */
  readonly statementMs?: number;
  /** How long a connection to one may take, in ms. */
  readonly connectMs?: number;
}

/** A database that several ledgers share, as several processes would. */
export interface TestDatabase {
  readonly db: Database;
  openLedger(options?: LedgerOptions): Promise<Ledger>;
  /** Looks at the tables, past the ledgers. */
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Closes its ledgers too. May be called twice. */
  close(): Promise<void>;
}

const limits: EventLogLimits = { queuedEvents: 50_000, batchEvents: 512, patienceMs: 60_000 };

function ledgerOptions(options: LedgerOptions) {
  return {
    instanceId: options.instanceId ?? randomUUID(),
    limits: { ...limits, ...options.limits },
    rememberDays: 90,
    now: options.now ?? monotonicClock,
    timers: systemTimers,
    ...(options.onBatch ? { onBatch: options.onBatch } : {}),
  };
}

/** A ledger on a real server that is the caller's to close. */
export function openPostgresLedger(url: string, options: LedgerOptions = {}): Promise<Ledger> {
  const { statementMs = 60_000, connectMs = 30_000 } = options;
  const rest = ledgerOptions(options);
  const database = openPostgresDatabase({
    url,
    limits: { readConnections: 3, connectMs, statementMs },
    instanceId: rest.instanceId,
    onError: () => {},
  });
  return openSqlLedger({ ...rest, database });
}

/** The database of a real server. */
export async function onPostgres(url: string): Promise<TestDatabase> {
  const ledgers: Ledger[] = [];
  const limits = { readConnections: 2, connectMs: 30_000, statementMs: 60_000 };
  const { db, close } = openPostgresDatabase({
    url,
    limits,
    instanceId: "test",
    onError: () => {},
  });
  let closing: Promise<void> | undefined;
  return {
    db,
    async openLedger(options) {
      const ledger = await openPostgresLedger(url, options);
      ledgers.push(ledger);
      return ledger;
    },
    query: (text, values) => rowsOf(db, text, values),
    close() {
      closing ??= Promise.all(ledgers.map((ledger) => ledger.close())).then(close);
      return closing;
    },
  };
}

async function rowsOf<Row extends object>(
  db: Database,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  return (await db.executeQuery<Row>(CompiledQuery.raw(text, [...values]))).rows;
}

/** An embedded database in a temporary folder; its ledgers share the one connection. */
export async function onEmbedded(): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), "score-ledger-"));
  const embedded = await openEmbeddedDatabase(folder);
  const ledgers: Ledger[] = [];
  let closing: Promise<void> | undefined;
  return {
    db: embedded.db,
    async openLedger(options = {}) {
      const database = { ...embedded, close: async () => {} };
      const ledger = await openSqlLedger({ ...ledgerOptions(options), database });
      ledgers.push(ledger);
      return ledger;
    },
    query: (text, values) => rowsOf(embedded.db, text, values),
    close() {
      closing ??= (async () => {
        await Promise.all(ledgers.map((ledger) => ledger.close()));
        await embedded.close();
        await rm(folder, { recursive: true });
      })();
      return closing;
    },
  };
}
