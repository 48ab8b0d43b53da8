import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import pg from "pg";
import { sqlEventStatements } from "../../src/ledger/event-statements.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openPostgresDatabase } from "../../src/ledger/postgres-database.ts";
import type { Game } from "../../src/model/game.ts";
import { FaultyLink } from "../servers/faulty-link.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres-server.ts";
import { onPostgres, openPostgresLedger, type TestDatabase } from "./open-ledgers.ts";
import { OpenTransaction } from "./open-transaction.ts";
import { boardOf, eventOf, newGame } from "./sample-games.ts";

const unavailable = { code: "ledger_unavailable", retryAfterMs: 1_000 };

describe("a ledger whose Postgres fails", () => {
  let server: PostgresServer;
  let database: TestDatabase;
  let url: string;
  let reader: Ledger;
  before(async () => {
    server = await startPostgres();
    url = await server.createDatabase();
    database = await onPostgres(url);
    reader = await database.openLedger();
  });
  after(async () => {
    await database?.close();
    await server?.close();
  });

  /** How often the ledger holds each of the events, and the score that they add up to. */
  async function inLedger(game: Game) {
    const rows = await database.query<{ action_id: string }>(
      "select action_id from score_event where game_no = $1 order by seq",
      [game.gameNo],
    );
    const standing = await reader.standings.find(boardOf(game, "sum_descending"), "ada");
    return { actionIds: rows.map((row) => row.action_id), score: standing?.score };
  }

  it("refuses as unavailable while the server is down, and counts a retry once it is up", async () => {
    const ledger = await database.openLedger({ limits: { patienceMs: 300 } });
    const game = await newGame(ledger);
    const [before, during] = [eventOf(game), eventOf(game)];
    await ledger.events.submit(before);
    await server.kill();
    await assert.rejects(ledger.events.submit(during), unavailable);
    await assert.rejects(ledger.ping(), unavailable);
    await assert.rejects(ledger.games.find(game.gameId), unavailable);
    await assert.rejects(
      ledger.upkeep(async () => {}),
      unavailable,
    );
    await server.start();
    const retry = await ledger.events.submit(during);
    assert.equal(retry.duplicate, false);
    const known = [before.actionId, during.actionId];
    assert.deepEqual(await inLedger(game), { actionIds: known, score: 2 });
  });

  it("refuses as unavailable while the server takes no connection, for whatever reason", async () => {
    const ledger = await database.openLedger({ limits: { patienceMs: 300 } });
    const game = await newGame(ledger);
    const name = new URL(url).pathname.slice(1);
    const operator = new pg.Client(server.url);
    await operator.connect();
    try {
      await operator.query(`alter database ${name} allow_connections false`);
      await operator.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1",
        [name],
      );
      await assert.rejects(ledger.events.submit(eventOf(game)), unavailable);
      await assert.rejects(ledger.games.find(game.gameId), unavailable);
    } finally {
      await operator.query(`alter database ${name} allow_connections true`);
      await operator.end();
    }
    await ledger.events.submit(eventOf(game));
    assert.equal((await inLedger(game)).score, 1);
  });

  it("brings events through a restart that is shorter than its patience", async () => {
    const ledger = await database.openLedger();
    const game = await newGame(ledger);
    const events = Array.from({ length: 50 }, () => eventOf(game));
    await server.kill();
    const receipts = Promise.all(events.map((event) => ledger.events.submit(event)));
    await server.start();
    assert.deepEqual(new Set((await receipts).map(({ duplicate }) => duplicate)), new Set([false]));
    assert.equal((await inLedger(game)).score, 50);
  });

  it("counts once what was being committed when the server died", async () => {
    const ledger = await database.openLedger({ limits: { batchEvents: 20 } });
    const game = await newGame(ledger);
    const events = Array.from({ length: 2_000 }, () => eventOf(game));
    let acknowledged = 0;
    const { promise: underWay, resolve } = Promise.withResolvers<void>();
    const receipts = Promise.all(
      events.map(async (event) => {
        await ledger.events.submit(event);
        acknowledged += 1;
        if (acknowledged === 100) resolve();
      }),
    );
    await underWay;
    await server.kill();
    assert.ok(acknowledged < events.length);
    await server.start();
    await receipts;
    const { actionIds, score } = await inLedger(game);
    assert.deepEqual(actionIds.toSorted(), events.map((event) => event.actionId).toSorted());
    assert.equal(score, events.length);
  });

  it("sends a batch again whose connection was terminated, and counts it once", async () => {
    const ledger = await database.openLedger();
    const game = await newGame(ledger);
    const holder = await OpenTransaction.begin(url);
    await holder.query("select from game where game_no = $1 for update", [game.gameNo]);
    const event = eventOf(game);
    const receipt = ledger.events.submit(event);
    const blocked = await holder.untilBlocking(database);
    await database.query("select pg_terminate_backend($1)", [blocked]);
    const blockedAgain = await holder.untilBlocking(database, blocked);
    assert.notEqual(blockedAgain, blocked);
    await holder.rollback();
    assert.equal((await receipt).duplicate, false);
    assert.deepEqual(await inLedger(game), { actionIds: [event.actionId], score: 1 });
  });

  it("looks a game up again whose connection was terminated", async () => {
    const ledger = await database.openLedger();
    const { gameId } = await newGame(ledger);
    const holder = await OpenTransaction.begin(url);
    await holder.query("lock table game in access exclusive mode");
    const found = ledger.games.find(gameId);
    const blocked = await holder.untilBlocking(database);
    await database.query("select pg_terminate_backend($1)", [blocked]);
    await holder.rollback();
    assert.equal((await found)?.gameId, gameId);
  });

  it("looks a game up though all its connections have just been terminated", async () => {
    const ledger = await database.openLedger();
    const { gameId } = await newGame(ledger);
    await Promise.all(Array.from({ length: 20 }, () => ledger.games.find(gameId)));
    const operator = new pg.Client(server.url);
    await operator.connect();
    try {
      const ended = await operator.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'score %'",
      );
      assert.ok(ended.rowCount);
      assert.equal((await ledger.games.find(gameId))?.gameId, gameId);
    } finally {
      await operator.end();
    }
  });

  it("takes scores and reports while reads have all the connections that they may have", async () => {
    const ledger = await database.openLedger({ connectMs: 500, limits: { patienceMs: 300 } });
    const game = await newGame(ledger);
    const holder = await OpenTransaction.begin(url);
    await holder.query("lock table board in access exclusive mode");
    const board = boardOf(game, "sum_descending");
    const reads = Array.from({ length: 20 }, () =>
      ledger.standings.changedSince(board, 0, undefined, 10),
    );
    const read = Promise.allSettled(reads);
    await holder.untilBlocking(database);
    try {
      assert.equal((await ledger.events.submit(eventOf(game))).duplicate, false);
      await ledger.instances.report(0);
      await ledger.ping();
    } finally {
      await holder.rollback();
    }
    assert.ok((await read).some(({ status }) => status === "fulfilled"));
  });

  it("lets nothing happen that an instance had under way when that was cut off", async () => {
    const game = await newGame(reader);
    const limits = { readConnections: 1, connectMs: 30_000, statementMs: 60_000 };
    const lost = openPostgresDatabase({ url, limits, instanceId: "lost", onError: () => {} });
    const holder = await OpenTransaction.begin(url);
    await holder.query("select from game where game_no = $1 for update", [game.gameNo]);
    const commit = sqlEventStatements(lost.db).commit([eventOf(game)]);
    const refused = assert.rejects(commit, { code: "57P01" });
    await holder.untilBlocking(database);
    await reader.instances.cutOff("lost");
    await holder.rollback();
    await refused;
    assert.deepEqual(await inLedger(game), { actionIds: [], score: undefined });
    await lost.close();
  });

  it("survives the termination of a connection that holds a transaction open", async () => {
    const ledger = await database.openLedger();
    const game = await newGame(ledger);
    await ledger.events.submit(eventOf(game));
    const holder = await OpenTransaction.begin(url);
    await holder.query("select from game where game_no = $1 for update", [game.gameNo]);
    const put = ledger.games.put({ gameId: game.gameId, boards: game.boards, actions: [] });
    const refused = assert.rejects(put, { code: "ledger_unavailable", retryAfterMs: 1_000 });
    await database.query("select pg_terminate_backend($1)", [await holder.untilBlocking(database)]);
    await refused;
    await holder.rollback();
    await ledger.events.submit(eventOf(game));
  });

  describe("through a link that loses answers", () => {
    let link: FaultyLink;
    before(async () => {
      link = await FaultyLink.to(server.port);
    });
    after(() => link.close());

    it("counts once what was committed although its answer was lost", async () => {
      const ledger = await openPostgresLedger(link.urlOf(url));
      const game = await newGame(ledger);
      await ledger.events.submit(eventOf(game));
      const events = Array.from({ length: 3 }, () => eventOf(game));
      const lost = link.loseNextAnswer();
      const receipts = await Promise.all(events.map((event) => ledger.events.submit(event)));
      await lost;
      assert.deepEqual(
        receipts.map(({ duplicate, outcomes }) => [duplicate, outcomes[0]?.score]),
        [
          [true, 4],
          [true, 4],
          [true, 4],
        ],
      );
      assert.equal((await inLedger(game)).score, 4);
      await ledger.close();
    });

    it("tells observers of commits whose outcome stays unknown, and counts a retry once", async () => {
      const ledger = await openPostgresLedger(link.urlOf(url), { limits: { patienceMs: 300 } });
      const game = await newGame(ledger);
      await ledger.events.submit(eventOf(game));
      const doubts: (readonly Game[])[] = [];
      ledger.events.observe({ onCommit: () => {}, onUnknown: (games) => doubts.push(games) });
      const event = eventOf(game);
      link.loseAnswers();
      await assert.rejects(ledger.events.submit(event), { code: "ledger_unavailable" });
      assert.deepEqual(doubts, [[game]]);
      link.heal();
      const { duplicate, outcomes } = await ledger.events.submit(event);
      assert.deepEqual([duplicate, outcomes[0]?.score], [true, 2]);
      assert.equal((await inLedger(game)).score, 2);
      await ledger.close();
    });

    it("leaves a connection that fell silent and works on with another", async () => {
      const ledger = await openPostgresLedger(link.urlOf(url), {
        statementMs: 500,
        limits: { patienceMs: 20_000 },
      });
      const game = await newGame(reader);
      await ledger.events.submit(eventOf(game));
      link.silence();
      await ledger.events.submit(eventOf(game));
      assert.equal((await inLedger(game)).score, 2);
      await ledger.close();
    });

    it("uses none again that may have fallen silent with the one that did", async () => {
      const ledger = await openPostgresLedger(link.urlOf(url), { statementMs: 500 });
      const { gameId } = await newGame(reader);
      const look = () => ledger.games.find(gameId);
      await Promise.all([look(), look(), look(), look()]);
      link.silence();
      await assert.rejects(look(), unavailable);
      assert.equal((await look())?.gameId, gameId);
      await ledger.close();
    });
  });
});
