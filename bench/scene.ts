import pg from "pg";
import type { LoadProcess } from "./load-process.ts";
import type { ServiceProcess } from "./service-process.ts";
import { type Processes, type Taken, type Times, take } from "./taken.ts";

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

export interface LedgerBytes {
  readonly events: number;
  readonly rows: number;
  readonly indexes: number;
  /** Since the server began. */
  readonly log: number;
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
  measure<R>(loads: readonly LoadProcess<unknown, R>[], times: Times): Promise<Taken<R>> {
    return take(loads, this.#processes, times);
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
}
