import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { cpuSeconds, hasCpuClock, machineSeconds, residentMebibytes } from "./cpu-clock.ts";
import type { LoadProcess, Measured } from "./load-process.ts";
import type { ServiceProcess } from "./service-process.ts";

/** Ids of the processes that take part. */
interface Processes {
  readonly service: number;
  readonly postgres: number;
  readonly redis: number;
}

interface SceneParts {
  readonly service: ServiceProcess;
  readonly processes: Processes;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly token: string;
  readonly gameId: string;
  /** All of them have a score. */
  readonly players: number;
  /** From the start of the service until every board was ranked. */
  readonly readyMs: number;
  /** What the ranking takes in Redis. */
  readonly redisBytes: number;
}

/** CPU seconds that each took during a measure; undefined where the system does not tell. */
export interface CpuTimes {
  readonly service: number | undefined;
  readonly postgres: number | undefined;
  readonly redis: number | undefined;
  readonly generator: number;
  /** Everything else on the machine: it shows how far the figures can be trusted. */
  readonly others: number | undefined;
}

/** What a load measured, and what the others did meanwhile. */
export interface Taken<R> {
  readonly results: readonly R[];
  readonly cpu: CpuTimes;
  /** MiB of the service at the end; undefined where the system does not tell. */
  readonly residentMebibytes: number | undefined;
  /** When it began and ended, in µs of the system's steady clock, which CPU profiles use too. */
  readonly from: number;
  readonly to: number;
}

export interface LedgerBytes {
  readonly events: number;
  readonly rows: number;
  readonly indexes: number;
  /** Since the server began. */
  readonly log: number;
}

/** The time before a measure and that of it. */
export interface Times {
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly signal: AbortSignal;
}

/** A service with its game, ready to be measured. */
export class Scene {
  readonly token: string;
  readonly gameId: string;
  readonly players: number;
  readonly readyMs: number;
  readonly redisBytes: number;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly #service: ServiceProcess;
  readonly #processes: Processes;

  constructor(parts: SceneParts) {
    this.token = parts.token;
    this.gameId = parts.gameId;
    this.players = parts.players;
    this.readyMs = parts.readyMs;
    this.redisBytes = parts.redisBytes;
    this.#service = parts.service;
    this.#processes = parts.processes;
    this.databaseUrl = parts.databaseUrl;
    this.redisUrl = parts.redisUrl;
  }

  get port(): number {
    return this.#service.grpcPort;
  }

  /** The ports of both lanes. */
  get instance(): { readonly grpcPort: number; readonly httpPort: number } {
    return this.#service;
  }

  /** Lets loads that run already go on for the time of warming up, and then measures. */
  async measure<R>(
    loads: readonly LoadProcess<unknown, R>[],
    { warmUpMs, measureMs, signal }: Times,
  ): Promise<Taken<R>> {
    await sleep(warmUpMs, undefined, { signal });
    await Promise.all(loads.map((load) => load.begin()));
    const before = this.#clocks();
    await sleep(measureMs, undefined, { signal });
    const after = this.#clocks();
    const residentNow = hasCpuClock ? residentMebibytes(this.#processes.service) : undefined;
    const measured = await Promise.all(loads.map((load) => load.end()));
    return {
      results: measured.map(({ result }) => result),
      cpu: difference(before, after, measured),
      residentMebibytes: residentNow,
      from: before.at,
      to: after.at,
    };
  }

  /** Throws unless the ledger holds exactly the events that were acknowledged. */
  async expectEvents(acknowledged: number): Promise<void> {
    const [row] = await this.#query("select count(*) from score_event");
    const kept = Number(row?.[0]);
    if (kept !== acknowledged) {
      throw new Error(`the ledger holds ${kept} events; ${acknowledged} were acknowledged`);
    }
  }

  /** What the events take on disk, and what the write-ahead log has grown to. */
  async ledgerBytes(): Promise<LedgerBytes> {
    const [row] = await this.#query(`select (select count(*) from score_event) as events,
      sum(pg_table_size(inhrelid)) as rows, sum(pg_indexes_size(inhrelid)) as indexes,
      pg_current_wal_insert_lsn() - '0/0'::pg_lsn as log
      from pg_inherits where inhparent = 'score_event'::regclass`);
    const [events, rows, indexes, log] = (row ?? []).map(Number) as [
      number,
      number,
      number,
      number,
    ];
    return { events, rows, indexes, log };
  }

  async #query(text: string): Promise<readonly unknown[][]> {
    const client = new pg.Client(this.databaseUrl);
    await client.connect();
    try {
      return (await client.query({ text, rowMode: "array" })).rows;
    } finally {
      await client.end();
    }
  }

  /** Stops the service as an operator does. Resolves with remarks, if there are any. */
  async end(): Promise<readonly string[]> {
    const complaints = await this.#service.stop();
    return complaints === "" ? [] : [`the service wrote: ${complaints.slice(0, 1_000)}`];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#service[Symbol.asyncDispose]();
  }

  #clocks() {
    const at = Number(process.hrtime.bigint() / 1_000n);
    if (!hasCpuClock) return { at };
    const { service, postgres, redis } = this.#processes;
    const own = { service: cpuSeconds(service), postgres: cpuSeconds(postgres) };
    return { at, ...own, redis: cpuSeconds(redis), machine: machineSeconds() };
  }
}

type Clocks = { readonly at: number } & Partial<
  Record<"service" | "postgres" | "redis" | "machine", number>
>;

function difference(
  before: Clocks,
  after: Clocks,
  measured: readonly Measured<unknown>[],
): CpuTimes {
  const between = (name: "service" | "postgres" | "redis" | "machine") => {
    const [from, to] = [before[name], after[name]];
    return from === undefined || to === undefined ? undefined : to - from;
  };
  const generator = measured.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  const [service, postgres, redis] = [between("service"), between("postgres"), between("redis")];
  const known = generator + (service ?? 0) + (postgres ?? 0) + (redis ?? 0);
  const machine = between("machine");
  const others = machine === undefined ? undefined : Math.max(0, machine - known);
  return { service, postgres, redis, generator, others };
}
