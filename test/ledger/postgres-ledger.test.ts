import { after, before } from "node:test";
import { type PostgresServer, startPostgres } from "../servers/postgres-server.ts";
import { ledgerBehaviour } from "./ledger-behaviour.ts";
import { onPostgres } from "./open-ledgers.ts";

let server: PostgresServer;
before(async () => {
  server = await startPostgres();
});
after(() => server.close());

ledgerBehaviour("a ledger on a Postgres server", async () =>
  onPostgres(await server.createDatabase()),
);
