import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgres } from "../servers/postgres-server.ts";
import { startRedis } from "../servers/redis-server.ts";

/** Where a service keeps its data: settings for it, and how to throw it away. */
export interface Backend {
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** One of the two kinds of backend. */
export interface BackendKind {
  readonly name: string;
  readonly hasRedis: boolean;
  readonly start: () => Promise<Backend>;
}

/** What `npm start` uses: PGlite in a folder, the ranking in memory. */
export async function startEmbedded(): Promise<Backend> {
  const folder = await mkdtemp(join(tmpdir(), "score-test-"));
  return {
    env: { SCORE_DATA_DIR: folder },
    close: () => rm(folder, { recursive: true }),
  };
}

/** Postgres and Redis of their own. */
export async function startServers(): Promise<Backend> {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  return {
    env: { DATABASE_URL: await postgres.createDatabase(), REDIS_URL: redis.url },
    close: async () => {
      await Promise.all([postgres.close(), redis.close()]);
    },
  };
}

/** For what does not depend on the backend. */
export const embedded: BackendKind = {
  name: "embedded",
  hasRedis: false,
  start: startEmbedded,
};

/** Both: every promise of the contract holds on each. */
export const backendKinds: readonly BackendKind[] = [
  embedded,
  { name: "Postgres and Redis", hasRedis: true, start: startServers },
];
