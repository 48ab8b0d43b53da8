import { sql } from "kysely";
import type { Database } from "./database.ts";
import { databaseFailure } from "./database-failure.ts";

/** Commits wait this long at most while eras change; when others are in the way for longer, it is done later. */
const patienceMs = 500;

/** Events that were committed within some time, which lie together and can be taken out together. */
export interface Era {
  readonly era: number;
  /** Epoch ms. */
  readonly beganAt: number;
  /** Epoch ms; undefined for the one in use. */
  readonly endedAt: number | undefined;
  /** With its indexes; 0 when it is not there any more. */
  readonly bytes: number;
  /**
   * `current`: new events go here; `remembered`: its ids are known; `old`: it
   * serves boards that are added later only; `detached`: not even that.
   */
  readonly state: "current" | "remembered" | "old" | "detached";
}

/** All that ever began, the first first. */
export async function listEras(db: Database): Promise<readonly Era[]> {
  const { rows } = await sql<Era & { endedAt: number | null }>`
    select e.era, extract(epoch from e.began_at)::float8 * 1000 as "beganAt",
      extract(epoch from lead(e.began_at) over (order by e.era))::float8 * 1000 as "endedAt",
      coalesce(pg_total_relation_size(to_regclass('score_event_' || e.era)), 0) as bytes,
      case when e.detached_at is not null then 'detached' when e.era = l.era then 'current'
        when e.era = l.era - 1 then 'remembered' else 'old' end as state
    from era e, ledger l order by e.era`.execute(db);
  return rows.map((row) => ({ ...row, endedAt: row.endedAt ?? undefined }));
}

/**
 * Begins the next era when the one in use began more than `days` ago. An
 * `action_id` is known in its own era and the one after: at least that long.
 * Several instances may call it: one works, the others find nothing.
 *
 * Nothing is being committed while an era begins, and what waits for that has
 * not yet taken its snapshot: a statement that writes into the new era sees all
 * of the one before. Readers, such as a backup, neither wait nor are waited for,
 * and neither does a vacuum: every write locks the table of all eras first, so
 * that the lock is on that one only.
 */
export async function beginEra(db: Database, days: number): Promise<boolean> {
  const ended = sql`
    select l.era from ledger l join era e on e.era = l.era
    where e.began_at < now() - make_interval(days => ${days}::int)`;
  // An era lasts for months, and this is asked every few seconds.
  if ((await ended.execute(db)).rows.length === 0) return false;
  return withPatience(db, async (tx) => {
    const { rows } = await sql<{ era: number }>`
      ${ended} for update of l skip locked`.execute(tx);
    const [current] = rows;
    if (current === undefined) return false;
    const era = current.era + 1;
    const table = tableOf(era);
    await sql`create table ${table} (like score_event including all)`.execute(tx);
    await sql`lock table only score_event in share row exclusive mode`.execute(tx);
    await attach(tx, era);
    await sql`insert into era (era) values (${era})`.execute(tx);
    await sql`update ledger set era = ${era}`.execute(tx);
    return true;
  });
}

/**
 * Takes an old era's events out of the ledger; they stay in a table of their
 * own, `score_event_<era>`, to be dumped to a file and dropped. False when it is
 * not `old`, or others were in the way.
 */
export function detachEra(db: Database, era: number): Promise<boolean> {
  return withPatience(db, async (tx) => {
    const { numAffectedRows } = await sql`
      update era set detached_at = now()
      where era = ${era} and detached_at is null and era < (select era from ledger) - 1`.execute(
      tx,
    );
    if (Number(numAffectedRows ?? 0) === 0) return false;
    await sql`alter table score_event detach partition ${tableOf(era)}`.execute(tx);
    return true;
  });
}

/** Puts a detached era's events back; false when it is not `detached`, its table is missing, or others were in the way. */
export function attachEra(db: Database, era: number): Promise<boolean> {
  return withPatience(db, async (tx) => {
    const { numAffectedRows } = await sql`
      update era set detached_at = null where era = ${era} and detached_at is not null
        and to_regclass('score_event_' || era) is not null`.execute(tx);
    if (Number(numAffectedRows ?? 0) === 0) return false;
    await attach(tx, era);
    return true;
  });
}

/** False when a lock was not to be had in time. */
async function withPatience(
  db: Database,
  work: (tx: Database) => Promise<boolean>,
): Promise<boolean> {
  try {
    return await db.transaction().execute(async (tx) => {
      await sql`set local lock_timeout = ${sql.lit(patienceMs)}`.execute(tx);
      return await work(tx);
    });
  } catch (error) {
    if (databaseFailure(error) === "conflict") return false;
    throw error;
  }
}

async function attach(tx: Database, era: number): Promise<void> {
  await sql`alter table score_event attach partition ${tableOf(era)}
    for values in (${sql.lit(era)})`.execute(tx);
}

function tableOf(era: number) {
  return sql.table(`score_event_${era}`);
}
