import { sql } from "kysely";
import type { Database } from "./database.ts";

/** How long one is waited for, in ms; ten of them end within the time of a statement. */
const patienceMs = 1_000;

/** The name under which the server knows the sessions of an instance. */
export const sessionName = (instanceId: string) => `score ${instanceId}`;

/**
 * Sessions that may still do what nobody waits for any longer: those that this
 * instance gave up without the server's word, and those of lost instances.
 */
export class PostgresSessions {
  readonly #instanceId: string;
  /** The server's processes, whose numbers may come again. */
  readonly #givenUp = new Set<number>();

  constructor(instanceId: string) {
    this.#instanceId = instanceId;
  }

  began(pid: number): void {
    this.#givenUp.delete(pid);
  }

  gaveUp(pid: number): void {
    this.#givenUp.add(pid);
  }

  /** As OpenDatabase.endSessions. A process that is gone has committed or never will. */
  async end(db: Database, instanceId = this.#instanceId): Promise<void> {
    const isOwn = instanceId === this.#instanceId;
    const pids = isOwn ? [...this.#givenUp] : null;
    if (pids?.length === 0) return;
    const { rows } = await sql<{ isOver: boolean }>`
      select pg_terminate_backend(pid, ${patienceMs}) as "isOver" from pg_stat_activity
      where datname = current_database() and application_name = ${sessionName(instanceId)}
        and (${pids}::int[] is null or pid = any(${pids}))`.execute(db);
    if (!rows.every(({ isOver }) => isOver)) throw new Error("a session goes on working");
    for (const pid of pids ?? []) this.#givenUp.delete(pid);
  }
}
