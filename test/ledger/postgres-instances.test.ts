import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Game } from "../../src/model/game.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres-server.ts";
import { BoardModel, type ModelEvent } from "./board-model.ts";
import { onPostgres, openPostgresLedger, type TestDatabase } from "./open-ledgers.ts";
import { OpenTransaction } from "./open-transaction.ts";
import { boardOf, eventOf, everyBoard, newGame } from "./sample-games.ts";
import { type Acknowledged, storm } from "./storm.ts";

const stormProcess = fileURLToPath(new URL("storm-process.ts", import.meta.url));

describe("several instances on one Postgres", () => {
  let server: PostgresServer;
  let url: string;
  let database: TestDatabase;
  before(async () => {
    server = await startPostgres({ settings: { track_commit_timestamp: "on" } });
    url = await server.createDatabase();
    database = await onPostgres(url);
  });
  after(async () => {
    await database?.close();
    await server?.close();
  });

  /** That all of a storm is in the ledger once, in order, and on the boards. */
  async function assertWhole(games: readonly Game[], acknowledged: readonly Acknowledged[]) {
    const ledger = await database.openLedger();
    const rows = await database.query<ModelEvent & { key: string; gameNo: number; at: string }>(
      `select game_no || '/' || action_id as key, game_no as "gameNo", seq,
        player_id as "playerId", points, pg_xact_commit_timestamp(xmin)::text as at
      from score_event where game_no = any($1::int[]) order by seq`,
      [games.map(({ gameNo }) => gameNo)],
    );
    const seqs = new Map(rows.map(({ key, seq }) => [key, seq]));
    for (const { key, seq } of acknowledged) assert.equal(seq, seqs.get(key), key);
    const fresh = acknowledged.filter(({ duplicate }) => !duplicate);
    assert.equal(fresh.length, rows.length);
    assert.equal(new Set(fresh.map(({ key }) => key)).size, rows.length);
    for (const game of games) {
      const events = rows.filter(({ gameNo }) => gameNo === game.gameNo);
      const commits = events.map(({ at }) => at);
      assert.deepEqual(commits, commits.toSorted(), "seq follows the order of commits");
      for (const board of game.boards) {
        const { standings } = await ledger.standings.top(board, 0, 100);
        assert.deepEqual(
          standings.map(({ playerId, score, seq }) => ({ playerId, score, seq })),
          new BoardModel(board, events)
            .ranked()
            .map(({ playerId, score, seq }) => ({ playerId, score, seq })),
        );
      }
    }
    assert.doesNotMatch(await server.log(), /deadlock/);
  }

  it("a storm of two ledgers on the same players counts every event once and never deadlocks", async () => {
    const limits = { batchEvents: 50 };
    const [one, other] = [
      await database.openLedger({ limits }),
      await database.openLedger({ limits }),
    ];
    const games = await Promise.all([1, 2, 3].map(() => newGame(one, everyBoard)));
    const load = { games, events: 1_500 };
    const acknowledged = await Promise.all([
      storm(one, { ...load, seed: 1 }),
      storm(other, { ...load, seed: 2 }),
      storm(one, { ...load, seed: 3 }),
      storm(other, { ...load, seed: 3 }),
    ]);
    await assertWhole(games, acknowledged.flat());
  });

  it("a storm of two processes on the same players counts every event once", async () => {
    const ledger = await database.openLedger();
    const games = await Promise.all([1, 2].map(() => newGame(ledger, everyBoard)));
    const gameIds = games.map(({ gameId }) => gameId).join(",");
    // Storm 3 is sent by both.
    const processes = ["1,3", "2,3"].map((seeds) => {
      const args = ["--disable-warning=ExperimentalWarning", stormProcess, url, gameIds, "1000"];
      const child = spawn(process.execPath, [...args, seeds], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
      return { child, lines, ended: once(child, "exit") };
    });
    for (const { lines } of processes) assert.equal((await lines.next()).value, "ready");
    for (const { child } of processes) child.stdin.write("go\n");
    const acknowledged = await Promise.all(
      processes.map(
        async ({ lines }) => JSON.parse(String((await lines.next()).value)) as Acknowledged[],
      ),
    );
    for (const { ended } of processes) assert.deepEqual(await ended, [0, null]);
    assert.equal(acknowledged.flat().length, 4_000);
    await assertWhole(games, acknowledged.flat());
  });

  it("many instances that start together on an empty database make one ledger", async () => {
    for (let round = 0; round < 3; round++) {
      const empty = await server.createDatabase();
      const ledgers = await Promise.all(Array.from({ length: 8 }, () => openPostgresLedger(empty)));
      try {
        assert.equal(new Set(ledgers.map(({ ledgerId }) => ledgerId)).size, 1);
        assert.equal(await ledgers[0]?.instances.lastSeq(), 0);
      } finally {
        await Promise.all(ledgers.map((ledger) => ledger.close()));
      }
    }
  });

  it("a board that is added while its game is being deleted goes with it", async () => {
    const ledger = await database.openLedger();
    const game = await newGame(ledger);
    await ledger.events.submit(eventOf(game));
    // What another instance does to put and to fill a board, up to its commit.
    const other = await OpenTransaction.begin(url);
    await other.query("update game set revision = revision + 1 where game_no = $1", [game.gameNo]);
    const [added] = await other.query<{ board_no: number }>(
      `insert into board
        (game_no, board_id, aggregation, direction, title, position, state, filled_seq)
      values ($1, 'late', 'best', 'descending', '', 2, 'ready', 0) returning board_no`,
      [game.gameNo],
    );
    const boardNo = added?.board_no ?? 0;
    await other.query("insert into standing values ($1, 'ada', 1, 1, 1, null, null, now())", [
      boardNo,
    ]);
    const deleted = ledger.games.delete(game.gameId);
    await other.untilBlocking(database);
    await other.commit();
    assert.equal(await deleted, true);
    const removed: number[] = [];
    await ledger.upkeep(async (each) => void removed.push(each));
    assert.deepEqual(removed, [boardOf(game, "sum_descending").boardNo, boardNo]);
    const left = "select from standing where board_no = any($1::int[])";
    assert.deepEqual(await database.query(left, [removed]), []);
  });

  it("an era begins while a part of the one before is being vacuumed", async () => {
    const ledger = await database.openLedger();
    const begun = () => database.query("select era from ledger");
    await database.query("update era set began_at = began_at - interval '91 days'");
    const before = await begun();
    // What a vacuum holds for as long as it runs.
    const vacuum = await OpenTransaction.begin(url);
    await vacuum.query("lock table score_event_1 in share update exclusive mode");
    await ledger.upkeep(async () => {});
    const after = await begun();
    await vacuum.rollback();
    assert.notDeepEqual(after, before);
  });

  it("an instance that finds its rows being swept by another leaves none of the rest", async () => {
    const ledger = await database.openLedger();
    const game = await newGame(ledger);
    const events = Array.from({ length: 5_100 }, (_, n) => eventOf(game, { playerId: `p${n}` }));
    await Promise.all(events.map((event) => ledger.events.submit(event)));
    await ledger.games.delete(game.gameId);
    const { boardNo } = boardOf(game, "sum_descending");
    const left = [
      ["standing", "board_no", boardNo],
      ["score_event", "game_no", game.gameNo],
    ] as const;
    // What another instance does in one step each, up to its commit.
    const steps: OpenTransaction[] = [];
    for (const [table, column, no] of left) {
      const step = await OpenTransaction.begin(url);
      await step.query(
        `delete from ${table} where ctid = any(array(
          select ctid from ${table} where ${column} = ${no} limit 5000))`,
      );
      steps.push(step);
    }
    const swept = ledger.upkeep(async () => {});
    for (const step of steps) {
      await step.untilBlocking(database);
      await step.commit();
    }
    await swept;
    for (const [table, column, no] of left) {
      const rows = await database.query(`select from ${table} where ${column} = ${no}`);
      assert.deepEqual(rows, [], table);
    }
  });
});
