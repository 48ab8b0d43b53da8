import { sql } from "kysely";
import type { Board } from "../model/game.ts";
import type { Database, OpenDatabase } from "./database.ts";
import { reading } from "./database-failure.ts";
import type { InstanceRegistry, InstanceReport } from "./ledger.ts";

/** After this long without a report an instance counts as lost. */
const lostAfterSeconds = 20;

/**
 * Whoever has not reported for this long itself does not judge the others yet:
 * while the ledger was away, or its clock jumped ahead, nobody could report.
 */
const judgesWithinSeconds = lostAfterSeconds / 2;

/** The instances over SQL. */
export class SqlInstanceRegistry implements InstanceRegistry {
  readonly #db: Database;
  readonly #endSessions: OpenDatabase["endSessions"];
  readonly #instanceId: string;
  #registered = false;

  constructor({ commits, endSessions }: OpenDatabase, instanceId: string) {
    this.#db = commits;
    this.#endSessions = endSessions;
    this.#instanceId = instanceId;
  }

  async lastSeq(): Promise<number> {
    return reading(async () => {
      const { rows } = await sql<{ seq: number }>`
        select case when is_called then last_value else 0 end as seq
        from event_seq`.execute(this.#db);
      return rows[0]?.seq ?? 0;
    });
  }

  async report(projectedSeq: number): Promise<InstanceReport> {
    return reading(async () => {
      const { rows } = await sql<{
        is_new: boolean;
        others: number | null;
        lost: string[] | null;
      }>`
        with before as (
          select seen_at > clock_timestamp() - make_interval(secs => ${judgesWithinSeconds}) as judges
          from instance where instance_id = ${this.#instanceId}
        ), mine as (
          insert into instance (instance_id, projected_seq)
          values (${this.#instanceId}, ${projectedSeq})
          on conflict (instance_id) do update
            set projected_seq = excluded.projected_seq, seen_at = clock_timestamp()
          returning xmax = 0 as is_new
        )
        select (select is_new from mine), min(projected_seq) as others,
          json_agg(instance_id) filter (
            where seen_at < clock_timestamp() - make_interval(secs => ${lostAfterSeconds})
              and (select judges from before)) as lost
        from instance where instance_id <> ${this.#instanceId}`.execute(this.#db);
      const row = rows[0];
      const wasForgotten = this.#registered && row?.is_new === true;
      this.#registered = true;
      return {
        checkpoint: Math.min(projectedSeq, row?.others ?? projectedSeq),
        lost: row?.lost ?? [],
        wasForgotten,
      };
    });
  }

  async cutOff(instanceId?: string): Promise<void> {
    await reading(() => this.#endSessions(instanceId));
  }

  /** A report whose answer was lost must not come after it. */
  async leave(): Promise<void> {
    await this.cutOff();
    await this.forget(this.#instanceId);
  }

  async checkpoint(): Promise<number> {
    return reading(async () => {
      const { rows } = await sql<{ seq: number | null }>`
        select min(projected_seq) as seq from instance`.execute(this.#db);
      return rows[0]?.seq ?? 0;
    });
  }

  async forget(instanceId: string): Promise<void> {
    await reading(() =>
      sql`delete from instance where instance_id = ${instanceId}`.execute(this.#db),
    );
  }

  async nextEpoch(board: Board): Promise<number | undefined> {
    return reading(async () => {
      const { rows } = await sql<{ epoch: number }>`
        update board set epoch = epoch + 1 where board_no = ${board.boardNo}
        returning epoch`.execute(this.#db);
      return rows[0]?.epoch;
    });
  }
}
