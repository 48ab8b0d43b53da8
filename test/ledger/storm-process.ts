// Run by postgres-instances.test.ts: a storm on a ledger of its own process.
// Says "ready", sends when it is told to, then prints what was acknowledged.
import { once } from "node:events";
import { openPostgresLedger } from "./open-ledgers.ts";
import { gameNow } from "./sample-games.ts";
import { storm } from "./storm.ts";

const [url, gameIds, events, seeds] = process.argv.slice(2) as [string, string, string, string];
const ledger = await openPostgresLedger(url);
const games = await Promise.all(gameIds.split(",").map((gameId) => gameNow(ledger, gameId)));
process.stdout.write("ready\n");
await once(process.stdin, "data");
const storms = seeds
  .split(",")
  .map((seed) => storm(ledger, { games, events: Number(events), seed: Number(seed) }));
process.stdout.write(`${JSON.stringify((await Promise.all(storms)).flat())}\n`);
await ledger.close();
process.stdin.destroy();
