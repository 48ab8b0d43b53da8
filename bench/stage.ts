import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { signToken } from "../src/access/token-signer.ts";
import { type PostgresServer, startPostgres } from "../test/servers/postgres-server.ts";
import { type RedisServer, startRedis } from "../test/servers/redis-server.ts";
import { type Filling, fillLedger } from "./fill-ledger.ts";
import { Scene } from "./scene.ts";
import { ServiceProcess } from "./service-process.ts";

/** The one game of a scene; its board is the default one, a sum. */
const gameId = "bench";

export interface SceneOptions {
  /** Settings of the service besides those that every scene has. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly players: number;
  /** Filled straight in the ledger before the service starts; by default an event for each player. */
  readonly history?: Pick<Filling, "events" | "ids" | "say">;
  readonly profileFolder: string | undefined;
  readonly signal: AbortSignal;
}

/** Postgres, which syncs every commit to disk, and Redis, for all measures. */
export class Stage {
  readonly #postgres: PostgresServer;
  readonly #redis: RedisServer;
  /** Of the scene before, whose service has ended. */
  #lastDatabaseUrl: string | undefined;

  private constructor(postgres: PostgresServer, redis: RedisServer) {
    this.#postgres = postgres;
    this.#redis = redis;
  }

  /** Installs what is missing, where that is possible. */
  static async open(): Promise<Stage> {
    const [postgres, redis] = await Promise.allSettled([startPostgres(), startRedis()]);
    if (postgres.status === "fulfilled" && redis.status === "fulfilled") {
      return new Stage(postgres.value, redis.value);
    }
    for (const server of [postgres, redis]) {
      if (server.status === "fulfilled") await server.value.close();
    }
    throw [postgres, redis].find((server) => server.status === "rejected")?.reason;
  }

  /** A service on an empty database, with a game of so many players. */
  async scene(options: SceneOptions): Promise<Scene> {
    const { settings, players, history, profileFolder, signal } = options;
    await this.clear();
    const secret = randomBytes(32).toString("base64url");
    const databaseUrl = await this.#newDatabase();
    await fillLedger({ DATABASE_URL: databaseUrl }, { gameId, players, ...history });
    const emptyRedis = await this.#redisMemory();
    history?.say?.(`the service starts, and ranks ${players} players`);
    const startedAt = performance.now();
    const service = await ServiceProcess.start({
      settings: {
        DATABASE_URL: databaseUrl,
        REDIS_URL: this.#redis.url,
        SCORE_GRPC_PORT: "0",
        SCORE_HTTP_PORT: "0",
        SCORE_JWT_SECRET: secret,
        SCORE_ANONYMOUS_CALLS_PER_SECOND: "0",
        SCORE_MAX_WATCHES_PER_CALLER: "0",
        SCORE_LOG_LEVEL: "warn",
        ...settings,
      },
      profileFolder,
    });
    try {
      const request = { subject: "bench", role: "server", game: gameId, expiresIn: "1h" } as const;
      const token = await signToken(new TextEncoder().encode(secret), request);
      await service.ready(signal);
      const readyMs = performance.now() - startedAt;
      const redisBytes = (await this.#redisMemory()) - emptyRedis;
      const processes = { service: service.pid, ...(await this.processIds()) };
      return new Scene({
        service,
        processes,
        databaseUrl,
        redisUrl: this.#redis.url,
        token,
        gameId,
        players,
        readyMs,
        redisBytes,
      });
    } catch (error) {
      await service[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Throws away what the last scene left, which may be large. */
  async clear(): Promise<void> {
    await this.#redis.flush();
    if (this.#lastDatabaseUrl === undefined) return;
    const client = new pg.Client(this.#postgres.url);
    await client.connect();
    await client.query(`drop database ${new URL(this.#lastDatabaseUrl).pathname.slice(1)}`);
    this.#lastDatabaseUrl = undefined;
    // What it wrote must not be written out amid the next measure.
    await client.query("checkpoint");
    await client.end();
  }

  /** Postgres and Redis, as they say themselves; throws when Postgres would not sync. */
  async versions(): Promise<{ readonly postgres: string; readonly redis: string }> {
    const client = new pg.Client(this.#postgres.url);
    await client.connect();
    try {
      const settings = ["server_version", "fsync", "synchronous_commit"];
      const columns = settings.map((name) => `current_setting('${name}') as ${name}`);
      const [row] = (await client.query(`select ${columns}`)).rows;
      if (row.fsync !== "on" || row.synchronous_commit !== "on") {
        throw new Error("Postgres does not sync its commits: nothing would be durable");
      }
      const redis = /redis_version:(\S+)/.exec(await this.#redisInfo())?.[1] ?? "unknown";
      return { postgres: String(row.server_version), redis };
    } finally {
      await client.end();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#postgres.close(), this.#redis.close()]);
  }

  get redisUrl(): string {
    return this.#redis.url;
  }

  async processIds(): Promise<{ readonly postgres: number; readonly redis: number }> {
    const pidFile = await readFile(join(this.#postgres.dataDir, "postmaster.pid"), "utf8");
    const redis = /process_id:(\d+)/.exec(await this.#redisInfo())?.[1];
    return { postgres: Number.parseInt(pidFile, 10), redis: Number(redis) };
  }

  async #newDatabase(): Promise<string> {
    this.#lastDatabaseUrl = await this.#postgres.createDatabase();
    return this.#lastDatabaseUrl;
  }

  /** In use, in bytes. */
  async #redisMemory(): Promise<number> {
    return Number(/used_memory:(\d+)/.exec(await this.#redisInfo())?.[1]);
  }

  async #redisInfo(): Promise<string> {
    return String(await this.#redis.command("INFO"));
  }
}
