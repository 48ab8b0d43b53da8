import { openEmbeddedDatabase } from "../ledger/embedded-database.ts";
import { openPostgresDatabase } from "../ledger/postgres-database.ts";
import type { Log } from "../ops/log.ts";
import { connectRedis, type RedisConnection } from "../ranking/redis-connection.ts";
import type { Settings } from "./settings.ts";

/** How long a statement may take, in ms. */
const statementMs = 10_000;

/** The server that the settings name, which is connected to on first use, or else the embedded one. */
export async function openDatabase(settings: Settings, instanceId: string, log: Log) {
  const { DATABASE_URL, SCORE_DATA_DIR } = settings;
  if (DATABASE_URL === undefined) return openEmbeddedDatabase(SCORE_DATA_DIR);
  const limits = { readConnections: 6, connectMs: 3_000, statementMs };
  const onError = (err: Error) => log.warn({ err }, "a connection to Postgres broke");
  return openPostgresDatabase({ url: DATABASE_URL, limits, instanceId, onError });
}

/** Undefined without a setting. Goes on connecting for as long as it is open. */
export function openRedis({ REDIS_URL }: Settings, log: Log): RedisConnection | undefined {
  if (REDIS_URL === undefined) return undefined;
  let saidAt = Number.NEGATIVE_INFINITY;
  return connectRedis(REDIS_URL, { connectMs: 1_000, commandMs: 500, silentMs: 2_000 }, (err) => {
    // A Redis that is away fails several times a second.
    if (performance.now() - saidAt < 5_000) return;
    saidAt = performance.now();
    log.warn({ err }, "Redis is unavailable");
  });
}
