import { after, before } from "node:test";
import { type PostgresServer, startPostgres } from "../servers/postgres-server.ts";
import { ledgerBehaviour } from "./ledger-behaviour.ts";
import { onPostgres } from "./open-ledgers.ts";

let server: PostgresServer;
before(async () => {
  // Each test opens ledgers of its own, and all of them stay open to the end.
  server = await startPostgres({ settings: { max_connections: "300" } });
});
after(() => server.close());

ledgerBehaviour("a ledger on a Postgres server", async () =>
  onPostgres(await server.createDatabase()),
);
