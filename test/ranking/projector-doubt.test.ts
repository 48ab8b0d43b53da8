import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { systemTimers } from "../../src/model/timers.ts";
import { MemoryRanking } from "../../src/ranking/memory-ranking.ts";
import { Projector } from "../../src/ranking/projector.ts";
import { onPostgres, openPostgresLedger, type TestDatabase } from "../ledger/open-ledgers.ts";
import { OpenTransaction } from "../ledger/open-transaction.ts";
import { boardOf, eventOf, newGame } from "../ledger/sample-games.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres-server.ts";
import { until } from "./until.ts";

describe("a commit that Postgres does after it stood still", { timeout: 120_000 }, () => {
  let server: PostgresServer;
  let database: TestDatabase;
  let url: string;
  const errors: unknown[] = [];
  before(async () => {
    server = await startPostgres();
    url = await server.createDatabase();
    database = await onPostgres(url);
  });
  after(async () => {
    await database?.close();
    await server?.close();
    assert.deepEqual(errors, []);
  });

  /** Sessions that wait for a lock. */
  const waiting = async () =>
    (await database.query("select from pg_stat_activity where wait_event_type = 'Lock'")).length;

  it("is in the ranking, or does not happen", async (t) => {
    const ledger = await openPostgresLedger(url, {
      statementMs: 2_000,
      connectMs: 1_000,
      limits: { patienceMs: 300 },
    });
    const ranking = new MemoryRanking();
    const projector = new Projector({
      ledger,
      ranking,
      limits: { reportMs: 50, waitMs: 200 },
      now: Date.now,
      timers: systemTimers,
      onError: (message, error) => errors.push(message, error),
      onCatchUp: () => {},
      onPlaced: () => {},
    });
    t.after(async () => {
      await server.resume();
      await projector.close();
      await ranking.close();
      await ledger.close();
    });
    await projector.start();
    const [game, other] = [await newGame(ledger), await newGame(ledger)];
    const board = boardOf(game, "sum_descending");
    await ledger.events.submit(eventOf(game));
    const holder = await OpenTransaction.begin(url);
    await holder.query("select from game where game_no = $1 for update", [game.gameNo]);
    // No session is to be begun while the server stands still.
    await Promise.all([1, 2, 3, 4, 5].map(() => ledger.ping()));
    await server.pause();
    await assert.rejects(ledger.events.submit(eventOf(game)), { code: "ledger_unavailable" });
    await server.resume();

    let seq = Number.POSITIVE_INFINITY;
    await until(async () => {
      seq = await ledger.events.submit(eventOf(other)).then(
        (receipt) => receipt.seq,
        () => seq,
      );
      return seq < Number.POSITIVE_INFINITY;
    });
    // Only when nothing is in doubt any more.
    await until(async () => (await ledger.instances.checkpoint()) >= seq);
    await holder.rollback();
    await until(async () => (await waiting()) === 0);
    const { standings } = await ranking.page(board, 0, 10);
    assert.deepEqual(standings, (await ledger.standings.top(board, 0, 10)).standings);
  });
});
