import { Cluster, Redis } from "ioredis";
import pg from "pg";
import type { Ports } from "../lanes/clients.ts";
import { testSecretText } from "../lanes/test-service.ts";
import { ledgerTables } from "../ledger/ledger-tables.ts";
import { type EnvoyServer, startEnvoy } from "../servers/envoy-server.ts";
import { FakeClock } from "../servers/fake-clock.ts";
import { FaultyLink } from "../servers/faulty-link.ts";
import { freePort } from "../servers/free-port.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres-server.ts";
import { type RedisCluster, startRedisCluster } from "../servers/redis-cluster.ts";
import { type RedisServer, startRedis } from "../servers/redis-server.ts";
import { ServiceProcess } from "../servers/service-process.ts";
import { SmallDisk } from "../servers/small-disk.ts";
import type { BoardRules, History, RankedBoard } from "./judge/history.ts";
import { redisOrder, servedOrder } from "./judge/ranking-order.ts";
import type { Stage } from "./stage.ts";

/** An instance of the service and the ways to it and from it. */
export interface Instance {
  readonly name: string;
  readonly service: ServiceProcess;
  /** Its own ports, which it keeps through every restart. */
  readonly ports: Ports;
  readonly links: {
    readonly grpc: FaultyLink;
    readonly web: FaultyLink;
    readonly postgres: FaultyLink;
    /** Undefined on a cluster, whose nodes tell clients their own addresses. */
    readonly redis: FaultyLink | undefined;
  };
  readonly clock: FakeClock;
}

export interface WorldOptions {
  readonly instances: number;
  /** Three masters with a replica each, instead of one Redis. */
  readonly isCluster?: boolean;
  /** Clients come through one. */
  readonly hasEnvoy?: boolean;
}

/** Megabytes for the ledger: more than a run takes. */
const diskMegabytes = 400;

interface Parts {
  readonly postgres: PostgresServer;
  readonly pool: pg.Pool;
  readonly databaseUrl: string;
  readonly disk: SmallDisk;
  /** That of Postgres. */
  readonly clock: FakeClock;
  readonly redis: RedisServer | undefined;
  readonly cluster: RedisCluster | undefined;
  readonly client: Redis | Cluster;
  readonly instances: readonly Instance[];
  readonly envoy: EnvoyServer | undefined;
}

/** Instances on one Postgres and one Redis, or Redis Cluster. */
export class World implements Stage {
  readonly #parts: Parts;
  readonly #closers: readonly (() => Promise<unknown>)[];

  private constructor(parts: Parts, closers: readonly (() => Promise<unknown>)[]) {
    this.#parts = parts;
    this.#closers = closers;
  }

  static async start(options: WorldOptions): Promise<World> {
    const closers: (() => Promise<unknown>)[] = [];
    try {
      return new World(await startParts(options, closers), closers);
    } catch (error) {
      for (const close of closers.reverse()) await close();
      throw error;
    }
  }

  get postgres(): PostgresServer {
    return this.#parts.postgres;
  }

  /** The way to the ledger past every link. */
  get databaseUrl(): string {
    return this.#parts.databaseUrl;
  }

  /** Connections of the judge's own to the ledger. */
  get pool(): pg.Pool {
    return this.#parts.pool;
  }

  /** Where the ledger's files are. */
  get disk(): SmallDisk {
    return this.#parts.disk;
  }

  get instances(): readonly Instance[] {
    return this.#parts.instances;
  }

  /** The ledger is in the history. */
  get traces(): readonly string[] {
    return [];
  }

  get services(): readonly Instance[] {
    return this.#parts.instances;
  }

  /** That Postgres goes by; Redis can't be given one, as its allocator asks the time too early. */
  get clock(): FakeClock {
    return this.#parts.clock;
  }

  get redis(): RedisServer {
    if (this.#parts.redis === undefined) throw new Error("this world has a Redis Cluster");
    return this.#parts.redis;
  }

  get cluster(): RedisCluster {
    if (this.#parts.cluster === undefined) throw new Error("this world has one Redis");
    return this.#parts.cluster;
  }

  get envoy(): EnvoyServer {
    if (this.#parts.envoy === undefined) throw new Error("this world has no Envoy");
    return this.#parts.envoy;
  }

  get doors(): readonly Ports[] {
    const { envoy, instances } = this.#parts;
    if (envoy) return [{ grpcPort: envoy.port, httpPort: envoy.port }];
    return instances.map(({ links }) => ({ grpcPort: links.grpc.port, httpPort: links.web.port }));
  }

  async rankings(gameId: string, board: BoardRules): Promise<readonly RankedBoard[]> {
    const { pool, client, instances } = this.#parts;
    return Promise.all([
      redisOrder(pool, client, gameId, board),
      ...instances.map(({ ports }) => servedOrder(ports.grpcPort, gameId, board)),
    ]);
  }

  async ledger(gameId: string): Promise<Pick<History, "events" | "standings">> {
    const tables = ledgerTables((text, values) => this.pool.query(text, values));
    return { events: await tables.events(gameId), standings: await tables.standings(gameId) };
  }

  async close(): Promise<void> {
    for (const close of this.#closers.toReversed()) await close();
  }
}

async function startParts(
  { isCluster = false, hasEnvoy = false, instances: count }: WorldOptions,
  closers: (() => Promise<unknown>)[],
): Promise<Parts> {
  const closing = <T extends { close(): Promise<unknown> }>(part: T): T => {
    closers.push(() => part.close());
    return part;
  };
  const clock = closing(await FakeClock.create());
  const disk = closing(await SmallDisk.create(diskMegabytes));
  const postgres = closing(
    await startPostgres({
      parent: disk.folder,
      environment: clock.environment,
      settings: { max_wal_size: "64MB", min_wal_size: "32MB" },
    }),
  );
  const redis = isCluster ? undefined : closing(await startRedis());
  const cluster = isCluster ? closing(await startRedisCluster({ replicas: 1 })) : undefined;
  const redisUrls = redis ? [redis.url] : (cluster?.urls ?? []);
  const client = openClient(redisUrls);
  closers.push(async () => client.disconnect());
  const databaseUrl = await postgres.createDatabase();
  const pool = new pg.Pool({ connectionString: databaseUrl, types: { getTypeParser } });
  // A server that is killed breaks idle connections; the next query opens another.
  pool.on("error", () => {});
  closers.push(() => pool.end());
  const instances: Instance[] = [];
  for (let n = 1; n <= count; n += 1) {
    instances.push(await startInstance(`instance ${n}`, { databaseUrl, redisUrls, closing }));
  }
  const ports = instances.map((instance) => instance.ports);
  const envoy = hasEnvoy ? closing(await startEnvoy({ instances: ports })) : undefined;
  const servers = { postgres, pool, databaseUrl, disk, clock, redis, cluster, client };
  return { ...servers, instances, envoy };
}

interface Neighbours {
  readonly databaseUrl: string;
  readonly redisUrls: readonly string[];
  readonly closing: <T extends { close(): Promise<unknown> }>(part: T) => T;
}

async function startInstance(
  name: string,
  { databaseUrl, redisUrls, closing }: Neighbours,
): Promise<Instance> {
  const linkTo = async (port: number) => closing(await FaultyLink.to(port));
  const portOf = (url: string) => Number(new URL(url).port);
  const ports = { grpcPort: await freePort(), httpPort: await freePort() };
  const [redisUrl = ""] = redisUrls;
  const links = {
    grpc: await linkTo(ports.grpcPort),
    web: await linkTo(ports.httpPort),
    postgres: await linkTo(portOf(databaseUrl)),
    redis: redisUrls.length === 1 ? await linkTo(portOf(redisUrl)) : undefined,
  };
  const clock = closing(await FakeClock.create());
  const service = closing(
    await ServiceProcess.create({
      ...clock.environment,
      DATABASE_URL: links.postgres.urlOf(databaseUrl),
      REDIS_URL: links.redis ? links.redis.urlOf(redisUrl) : redisUrls.join(","),
      SCORE_JWT_SECRET: testSecretText,
      SCORE_GRPC_PORT: String(ports.grpcPort),
      SCORE_HTTP_PORT: String(ports.httpPort),
      SCORE_ANONYMOUS_CALLS_PER_SECOND: "0",
    }),
  );
  await service.start();
  return { name, service, ports, links, clock };
}

/** The judge's own connection to what holds the ranking. */
function openClient(urls: readonly string[]): Redis | Cluster {
  const options = { maxRetriesPerRequest: 1, commandTimeout: 2_000 };
  const [url = ""] = urls;
  const client =
    urls.length === 1 ? new Redis(url, options) : new Cluster([...urls], { redisOptions: options });
  // What matters of it reaches the caller through the commands.
  client.on("error", () => {});
  return client;
}

/** Whole numbers come as numbers. */
function getTypeParser(oid: number, format?: "text" | "binary") {
  if (oid === pg.types.builtins.INT8) return Number;
  return pg.types.getTypeParser(oid, format as "text");
}
