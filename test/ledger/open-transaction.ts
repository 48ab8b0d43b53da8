import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import type { TestDatabase } from "./open-ledgers.ts";

/** A transaction of somebody else on a real server: what it holds, others wait for. */
export class OpenTransaction {
  readonly #client: pg.Client;
  readonly #pid: number;

  private constructor(client: pg.Client, pid: number) {
    this.#client = client;
    this.#pid = pid;
  }

  static async begin(url: string): Promise<OpenTransaction> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query("begin");
    const { rows } = await client.query("select pg_backend_pid() as pid");
    return new OpenTransaction(client, rows[0].pid);
  }

  async query<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.#client.query<Row>(text, values)).rows;
  }

  /** Resolves with a server process, other than `except`, that waits for this transaction. */
  async untilBlocking(database: TestDatabase, except = 0): Promise<number> {
    for (;;) {
      const rows = await database.query<{ pid: number }>(
        "select pid from pg_stat_activity where $1 = any(pg_blocking_pids(pid)) and pid <> $2",
        [this.#pid, except],
      );
      if (rows[0]) return rows[0].pid;
      await pause(5);
    }
  }

  async commit(): Promise<void> {
    await this.#client.query("commit");
    await this.#client.end();
  }

  async rollback(): Promise<void> {
    await this.#client.query("rollback");
    await this.#client.end();
  }
}
