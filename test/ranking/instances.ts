import { randomUUID } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import type { OpenDatabase } from "../../src/ledger/database.ts";
import { openEmbeddedDatabase } from "../../src/ledger/embedded-database.ts";
import type { Ledger, Receipt } from "../../src/ledger/ledger.ts";
import { openSqlLedger } from "../../src/ledger/sql-ledger.ts";
import { type Board, defaultGameSettings, type Game } from "../../src/model/game.ts";
import type { ScoreEvent } from "../../src/model/score-event.ts";
import { compareStandings, type RankedStanding, type Standing } from "../../src/model/standing.ts";
import { systemTimers } from "../../src/model/timers.ts";
import { BoardReader } from "../../src/ranking/board-reader.ts";
import { type BatchPlacements, Projector } from "../../src/ranking/projector.ts";
import type { Ranking } from "../../src/ranking/ranking.ts";
import { connectRedis, type RedisConnection } from "../../src/ranking/redis-connection.ts";
import { RedisRanking } from "../../src/ranking/redis-ranking.ts";
import { until } from "./until.ts";

/** One ledger, in a temporary folder, that instances of the service share. */
export class SharedLedger {
  readonly #folder: string;
  readonly #database: OpenDatabase;

  private constructor(folder: string, database: OpenDatabase) {
    this.#folder = folder;
    this.#database = database;
  }

  /** Costs about a second. */
  static async open(): Promise<SharedLedger> {
    const folder = await mkdtemp(join(tmpdir(), "score-ledger-"));
    return new SharedLedger(folder, await openEmbeddedDatabase(folder));
  }

  /** The ledger as one instance sees it. */
  connect(instanceId: string): Promise<Ledger> {
    return openSqlLedger({
      database: { ...this.#database, close: async () => {} },
      instanceId,
      limits: { queuedEvents: 10_000, batchEvents: 64, patienceMs: 3_000 },
      rememberDays: 90,
      now: Date.now,
      timers: systemTimers,
    });
  }

  /** Makes it look as if the instance had reported for the last time a minute ago. */
  async silence(instanceId: string): Promise<void> {
    await sql`update instance set seen_at = clock_timestamp() - interval '1 minute'
      where instance_id = ${instanceId}`.execute(this.#database.db);
  }

  async instanceIds(): Promise<string[]> {
    const rows = await this.#database.db.selectFrom("instance").select("instance_id").execute();
    return rows.map((row) => row.instance_id);
  }

  /** Forgets all instances: those of the test before must not be taken for lost ones. */
  async forgetInstances(): Promise<void> {
    await sql`delete from instance`.execute(this.#database.db);
  }

  async close(): Promise<void> {
    await this.#database.close();
    await rm(this.#folder, { recursive: true });
  }
}

export interface InstanceOptions {
  readonly shared: SharedLedger;
  readonly redisUrl: string;
  /** Puts something between the instance and what it uses. */
  readonly wrap?:
    | {
        readonly connection?: (connection: RedisConnection) => RedisConnection;
        readonly ledger?: (ledger: Ledger) => Ledger;
      }
    | undefined;
}

/** One instance of the service, as far as rankings go. Emits each catch-up by its kind. */
export class Instance extends EventEmitter {
  readonly instanceId: string;
  readonly ledger: Ledger;
  readonly ranking: Ranking;
  readonly connection: RedisConnection;
  readonly projector: Projector;
  readonly reader: BoardReader;
  /** What was reported as unexpected; must stay empty. */
  readonly errors: unknown[] = [];
  readonly catchUps: ("catch-up" | "rebuild")[] = [];

  constructor(instanceId: string, ledger: Ledger, connection: RedisConnection) {
    super();
    this.instanceId = instanceId;
    this.ledger = ledger;
    this.connection = connection;
    this.ranking = new RedisRanking({ connection, ledgerId: ledger.ledgerId, instanceId });
    this.projector = new Projector({
      ledger,
      ranking: this.ranking,
      limits: { reportMs: 50, waitMs: 500 },
      now: Date.now,
      timers: systemTimers,
      onError: (message, error) => this.errors.push(message, error),
      onCatchUp: (kind) => {
        this.catchUps.push(kind);
        this.emit(kind);
      },
      onPlaced: () => {},
    });
    const { projector } = this;
    this.reader = new BoardReader({
      projector,
      ledger,
      tickMs: 50,
      now: Date.now,
      timers: systemTimers,
    });
  }

  /** Connects, and starts unless the test does that. */
  static async start({ shared, redisUrl, wrap = {} }: InstanceOptions): Promise<Instance> {
    const instanceId = randomUUID();
    const ledger = await shared.connect(instanceId);
    const connection = connectRedis(
      [redisUrl],
      { connectMs: 1_000, commandMs: 2_000, silentMs: 5_000 },
      () => {},
    );
    const instance = new Instance(
      instanceId,
      wrap.ledger?.(ledger) ?? ledger,
      wrap.connection?.(connection) ?? connection,
    );
    await instance.projector.start();
    return instance;
  }

  /** A game with one board, whose ranking is there. */
  async newGame(): Promise<{ game: Game; board: Board }> {
    const game = await this.ledger.games.put(defaultGameSettings(`game-${randomUUID()}`));
    const [board] = game.boards;
    if (board === undefined) throw new Error("a game without a board");
    await this.isRanked(board);
    return { game, board };
  }

  /** Commits points; resolves with the places, once the ranking has them or is known to be unavailable. */
  async submit(game: Game, playerId: string, points = 1): Promise<BatchPlacements> {
    const { batch } = await submitTo(this.ledger, game, playerId, points);
    return this.projector.placements(batch);
  }

  /** Resolves when reads of the board come from the ranking. */
  async isRanked(board: Board): Promise<void> {
    await until(async () => (await this.reader.page(board, 0, 1)).epoch > 0);
  }

  /** Resolves after the next catch-up of `kind`. */
  async nextCatchUp(kind: "catch-up" | "rebuild"): Promise<void> {
    await once(this, kind);
  }

  /** The whole board as readers of the ranking see it. */
  async ranked(board: Board): Promise<readonly RankedStanding[]> {
    const page = await this.projector.read(board, (ranking) => ranking.page(board, 0, 5_000));
    return page.standings;
  }

  /** The whole board as the ledger has it. */
  async truth(board: Board): Promise<RankedStanding[]> {
    const all: Standing[] = [];
    for (let after: string | undefined; ; ) {
      const page = await this.ledger.standings.page(board, after, 1_000);
      all.push(...page.standings);
      after = page.next;
      if (after === undefined) break;
    }
    return all
      .sort((a, b) => compareStandings(board.direction, a, b))
      .map((standing, index) => ({ ...standing, rank: index + 1 }));
  }

  async close(): Promise<void> {
    await this.projector.close();
    await this.ranking.close();
    await this.ledger.close();
  }
}

/** One player's points, as a game server sends them. */
export function eventOf(game: Game, playerId: string, points = 1): ScoreEvent {
  return {
    game,
    playerId,
    actionId: randomUUID(),
    points,
    action: undefined,
    displayName: undefined,
    occurredAt: undefined,
    sender: { subject: "test", role: "server", address: "" },
  };
}

/** Commits points, whoever may bring them into the ranking. */
export function submitTo(
  ledger: Ledger,
  game: Game,
  playerId: string,
  points: number,
): Promise<Receipt> {
  return ledger.events.submit(eventOf(game, playerId, points));
}
