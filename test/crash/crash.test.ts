import { join } from "node:path";
import { describe, it } from "node:test";
import { PGlite, types } from "@electric-sql/pglite";
import pg from "pg";
import { startPostgres } from "../servers/postgres-server.ts";
import { startRedis } from "../servers/redis-server.ts";
import { checkLedger, surviveCrashes } from "./crash-survival.ts";
import { ledgerTables } from "./ledger-tables.ts";
import { ServiceProcess } from "./service-process.ts";

/** Smaller batches than the load has events under way: some are committed and some are not. */
const batches = { SCORE_MAX_BATCH_EVENTS: "100" };

describe("a service that is killed under load loses nothing, counts nothing twice and ranks as the ledger", () => {
  it("with its embedded ledger", async () => {
    const service = await ServiceProcess.create(batches);
    try {
      const load = await surviveCrashes(service);
      await service.stop();
      const parsers = { [types.INT8]: Number };
      const pglite = await PGlite.create(join(service.dataDir, "postgres"), { parsers });
      try {
        await checkLedger(
          ledgerTables((text, values) => pglite.query(text, values)),
          load,
        );
      } finally {
        await pglite.close();
      }
    } finally {
      await service.close();
    }
  });

  it("with Postgres and Redis", async () => {
    await using postgres = await startPostgres();
    await using redis = await startRedis();
    const url = await postgres.createDatabase();
    const pool = new pg.Pool({ connectionString: url, types: { getTypeParser } });
    const tables = ledgerTables((text, values) => pool.query(text, values));
    const service = await ServiceProcess.create({
      ...batches,
      DATABASE_URL: url,
      REDIS_URL: redis.url,
    });
    try {
      const load = await surviveCrashes(service, tables);
      await checkLedger(tables, load);
    } finally {
      await service.close();
      await pool.end();
    }
  });
});

function getTypeParser(oid: number, format?: "text" | "binary") {
  if (oid === pg.types.builtins.INT8) return Number;
  return pg.types.getTypeParser(oid, format as "text");
}
