import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { RunningService } from "../../src/app/service.ts";
import { startTestService } from "../lanes/test-service.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres-server.ts";

describe("a service that is asked whether it is ready", () => {
  let postgres: PostgresServer;
  let service: RunningService;
  before(async () => {
    postgres = await startPostgres({ settings: { log_statement: "all" } });
    const env = { DATABASE_URL: await postgres.createDatabase() };
    service = await startTestService({ env, close: async () => {} });
  });
  after(async () => {
    await service?.close();
    await postgres?.close();
  });

  const pings = async () => (await postgres.log()).match(/statement: select 1$/gm)?.length ?? 0;

  it("asks the ledger once for all who ask meanwhile", async () => {
    const url = `http://127.0.0.1:${service.httpPort}`;
    const earlier = await pings();
    await postgres.pause();
    const answers = Array.from({ length: 200 }, () => fetch(`${url}/readyz`));
    // It comes after them, and asks nobody.
    await fetch(`${url}/healthz`);
    await postgres.resume();
    for (const answer of await Promise.all(answers)) assert.equal(await answer.text(), "ready\n");
    const more = (await pings()) - earlier;
    assert.ok(more === 1 || more === 2, `asked ${more} times`);
  });
});
