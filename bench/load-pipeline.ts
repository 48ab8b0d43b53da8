import { randomUUID } from "node:crypto";
import { boardsOf } from "../src/ledger/commit-columns.ts";
import { CommittedRows } from "../src/ledger/committed-rows.ts";
import type { OpenDatabase } from "../src/ledger/database.ts";
import { type EventStatements, sqlEventStatements } from "../src/ledger/event-statements.ts";
import { openPostgresDatabase } from "../src/ledger/postgres-database.ts";
import { SqlGameStore } from "../src/ledger/sql-game-store.ts";
import { monotonicClock } from "../src/model/clock.ts";
import type { Board, Game } from "../src/model/game.ts";
import type { ScoreEvent } from "../src/model/score-event.ts";
import { systemTimers } from "../src/model/timers.ts";
import { connectRedis, type RedisConnection } from "../src/ranking/redis-connection.ts";
import { RedisRanking } from "../src/ranking/redis-ranking.ts";
import { type Load, serveLoad } from "./load.ts";
import { playerId } from "./score-request.ts";
import { Tally } from "./tally.ts";

export interface PipelineOptions {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly gameId: string;
  readonly players: number;
  /** Events of a commit. */
  readonly batch: number;
}

export interface PipelineResult {
  readonly seconds: number;
  readonly events: number;
  /** Since the start: what the ledger must hold. */
  readonly accepted: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * The service's own statements and scripts with nothing around them: a batch is
 * committed while the one before is placed. No service has its calls cheaper.
 */
class PipelineLoad implements Load<PipelineResult> {
  readonly #options: PipelineOptions;
  readonly #database: OpenDatabase;
  readonly #connection: RedisConnection;
  readonly #statements: EventStatements;
  readonly #running: Promise<void>;
  /** Times are of each batch, until it was placed. */
  readonly #tally = new Tally();
  #isEnding = false;
  #accepted = 0;

  private constructor(
    options: PipelineOptions,
    parts: { database: OpenDatabase; connection: RedisConnection; game: Game; ledgerId: string },
  ) {
    const { database, connection, game, ledgerId } = parts;
    this.#options = options;
    this.#database = database;
    this.#connection = connection;
    this.#statements = sqlEventStatements(database.db);
    const ranking = new RedisRanking({ connection, ledgerId, instanceId: "pipeline" });
    this.#running = this.#run(game, ranking);
    // Whoever ends the load is told.
    this.#running.catch(() => {});
  }

  static async start(options: PipelineOptions): Promise<PipelineLoad> {
    const limits = { readConnections: 1, connectMs: 5_000, statementMs: 60_000 };
    const database = openPostgresDatabase({
      url: options.databaseUrl,
      limits,
      instanceId: "pipeline",
      onError: () => {},
    });
    const { ledger_id: ledgerId } = await database.db
      .selectFrom("ledger")
      .selectAll()
      .executeTakeFirstOrThrow();
    const game = await new SqlGameStore({
      database,
      now: monotonicClock,
      timers: systemTimers,
    }).find(options.gameId);
    if (game === undefined) throw new Error(`there is no game ${options.gameId}`);
    const redisLimits = { connectMs: 5_000, commandMs: 60_000, silentMs: 60_000 };
    const connection = connectRedis([options.redisUrl], redisLimits, () => {});
    await new Promise((resolve) => connection.client.once("ready", resolve));
    return new PipelineLoad(options, { database, connection, game, ledgerId });
  }

  begin(): void {
    this.#tally.begin();
  }

  async end(): Promise<PipelineResult> {
    const { seconds, count: events, percentiles } = this.#tally.read(0.5, 0.99);
    const [p50Ms, p99Ms] = percentiles;
    this.#isEnding = true;
    await this.#running;
    await this.#connection.close();
    await this.#database.close();
    return { seconds, events, accepted: this.#accepted, p50Ms, p99Ms };
  }

  async #run(game: Game, ranking: RedisRanking): Promise<void> {
    const board = game.boards[0] as Board;
    let placing: Promise<unknown> = Promise.resolve();
    while (!this.#isEnding) {
      const began = performance.now();
      const events = this.#nextBatch(game);
      const committed = new CommittedRows(
        await this.#statements.commit(events),
        boardsOf(events),
      ).changes();
      await placing;
      placing = ranking.place(
        board,
        committed.map(({ standing }) => standing),
      );
      void placing.then(() => this.#tally.took(performance.now() - began));
      this.#tally.counted(events.length);
      this.#accepted += events.length;
    }
    await placing;
  }

  #nextBatch(game: Game): ScoreEvent[] {
    return Array.from({ length: this.#options.batch }, () => ({
      game,
      playerId: playerId(Math.floor(Math.random() * this.#options.players)),
      actionId: randomUUID(),
      points: 1 + Math.floor(Math.random() * 100),
      action: undefined,
      displayName: undefined,
      occurredAt: undefined,
      sender: { subject: "bench", role: "server", address: "127.0.0.1" },
    }));
  }
}

serveLoad<PipelineOptions, PipelineResult>((options) => PipelineLoad.start(options));
