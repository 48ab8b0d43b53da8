import { createHash } from "node:crypto";
import { Kysely, PostgresDialect, type PostgresPoolClient } from "kysely";
import pg from "pg";
import type { OpenDatabase, Tables } from "./database.ts";

/** Limits in ms: a database that does not answer must not hold calls for ever. */
export interface PostgresLimits {
  readonly connections: number;
  readonly connectMs: number;
  readonly statementMs: number;
}

/** Opens a Postgres server. Connects on first use. */
export function openPostgresDatabase(
  url: string,
  limits: PostgresLimits,
  onError: (error: Error) => void,
): OpenDatabase {
  const pool = new pg.Pool({
    connectionString: url,
    max: limits.connections,
    connectionTimeoutMillis: limits.connectMs,
    statement_timeout: limits.statementMs,
    // The server ends a statement first; this is for a server that fell silent.
    query_timeout: limits.statementMs + 1_000,
    keepAlive: true,
    application_name: "score",
    types: { getTypeParser },
  });
  pool.on("error", onError);
  const named = {
    options: pool.options,
    connect: async () => preparing(await pool.connect()),
    end: () => pool.end(),
  };
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: named }) });
  return { db, commitsInFlight: 2, close: () => db.destroy() };
}

/** Scores and seqs are integers within ±(2^53 − 1): numbers hold them exactly. */
function getTypeParser(oid: number, format?: "text" | "binary") {
  if (oid === pg.types.builtins.INT8) return Number;
  return pg.types.getTypeParser(oid, format as "text");
}

/**
 * Every statement goes out under a name, so that the server parses and plans
 * it once a connection. The statements are few and fixed: lists are arrays.
 */
function preparing(client: pg.PoolClient): PostgresPoolClient {
  const prepared = Object.create(client) as pg.PoolClient;
  Object.defineProperty(prepared, "query", {
    value: (text: unknown, values?: unknown[]) =>
      typeof text === "string" && values !== undefined && values.length > 0
        ? client.query({ name: statementName(text), text, values })
        : client.query(text as string, values),
  });
  Object.defineProperty(prepared, "release", {
    value: (error?: Error) => client.release(error),
  });
  return prepared as unknown as PostgresPoolClient;
}

const statementNames = new Map<string, string>();

function statementName(text: string): string {
  let name = statementNames.get(text);
  if (name === undefined) {
    name = createHash("sha1").update(text).digest("base64url");
    statementNames.set(text, name);
  }
  return name;
}
