import { createHash } from "node:crypto";
import { Kysely, PostgresDialect, type PostgresPoolClient } from "kysely";
import pg from "pg";
import type { OpenDatabase, Tables } from "./database.ts";
import { LastHeard } from "./last-heard.ts";
import { PostgresSessions, sessionName } from "./postgres-sessions.ts";

/** Two for the commits in flight, two for what must not wait for them. */
const commitConnections = 4;

/** Limits in ms: a database that does not answer must not hold calls for ever. */
export interface PostgresLimits {
  /** For scans and whatever else takes its time; commits have four of their own. */
  readonly readConnections: number;
  readonly connectMs: number;
  readonly statementMs: number;
}

interface PostgresOptions {
  readonly url: string;
  readonly limits: PostgresLimits;
  /** Whose sessions they are; the same as the ledger's. */
  readonly instanceId: string;
  readonly onError: (error: Error) => void;
}

/** Opens a Postgres server. Connects on first use. */
export function openPostgresDatabase(options: PostgresOptions): OpenDatabase {
  const { url, limits, instanceId, onError } = options;
  const sessions = new PostgresSessions(instanceId);
  const lastHeard = new LastHeard();
  const open = (max: number) => {
    const pool = new pg.Pool({
      connectionString: url,
      max,
      connectionTimeoutMillis: limits.connectMs,
      statement_timeout: limits.statementMs,
      // The server ends a statement first; this is for a server that fell silent.
      query_timeout: limits.statementMs + 1_000,
      keepAlive: true,
      application_name: sessionName(instanceId),
      types: { getTypeParser },
    });
    // The pool speaks up for idle connections only; the error of any other would
    // end the process if nobody listened.
    pool.on("connect", (client) => {
      client.on("error", onError);
      sessions.began(pidOf(client));
      lastHeard.heard(client);
    });
    pool.on("error", () => {});
    const checked = {
      options: pool.options,
      connect: async () => checkedOut(await connection(pool, lastHeard), { sessions, lastHeard }),
      end: () => pool.end(),
    };
    return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: checked }) });
  };
  const db = open(limits.readConnections);
  const commits = open(commitConnections);
  return {
    db,
    commits,
    commitsInFlight: 2,
    endSessions: (lost) => sessions.end(commits, lost),
    close: async () => {
      await Promise.all([db.destroy(), commits.destroy()]);
    },
  };
}

/** The server's process at the other end; known once connected. */
function pidOf(client: pg.PoolClient): number {
  return (client as unknown as { readonly processID: number }).processID;
}

/**
 * What a server says before it takes a statement is never about the statement,
 * and may pass: the disk is full, there are too many connections, a password is
 * being changed. Its code must not be taken for that of a statement.
 */
async function connection(pool: pg.Pool, lastHeard: LastHeard): Promise<pg.PoolClient> {
  try {
    for (;;) {
      const client = await pool.connect();
      if (!lastHeard.mayBeDead(client)) return client;
      client.release(true);
    }
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    throw new Error("Postgres takes no connection", { cause: error });
  }
}

/** Scores and seqs are integers within ±(2^53 − 1): numbers hold them exactly. */
function getTypeParser(oid: number, format?: "text" | "binary") {
  if (oid === pg.types.builtins.INT8) return Number;
  return pg.types.getTypeParser(oid, format as "text");
}

/**
 * Every statement goes out under a name, so that the server parses and plans
 * it once a connection. The statements are few and fixed: lists are arrays.
 *
 * A connection that failed otherwise than by the server's word is closed on
 * release: one that fell silent would hold the next statement, too. Those that
 * were idle meanwhile may have fallen silent with it, and are not used again.
 */
function checkedOut(
  client: pg.PoolClient,
  { sessions, lastHeard }: { readonly sessions: PostgresSessions; readonly lastHeard: LastHeard },
): PostgresPoolClient {
  let failure: Error | undefined;
  const query = async (text: unknown, values?: unknown[]) => {
    if (failure) throw failure;
    const sentAt = performance.now();
    try {
      const result =
        typeof text === "string" && values !== undefined && values.length > 0
          ? await client.query({ name: statementName(text), text, values })
          : await client.query(text as string, values);
      lastHeard.heard(client);
      return result;
    } catch (error) {
      if (error instanceof pg.DatabaseError) lastHeard.heard(client);
      else {
        failure = error as Error;
        lastHeard.missed(sentAt);
      }
      throw error;
    }
  };
  const checked = Object.create(client) as pg.PoolClient;
  Object.defineProperty(checked, "query", { value: query });
  Object.defineProperty(checked, "release", {
    value: (error?: Error | boolean) => {
      if (failure) sessions.gaveUp(pidOf(client));
      client.release(failure ?? error);
    },
  });
  return checked as unknown as PostgresPoolClient;
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
