import { type Kysely, sql } from "kysely";
import { type Migration, type MigrationProvider, Migrator } from "kysely/migration";
import type { Database } from "./database.ts";

const first: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create table ledger (ledger_id text primary key)`.execute(db);
    await sql`insert into ledger values (gen_random_uuid()::text)`.execute(db);

    // Every commit takes the row lock of its games: within a game, seq follows
    // the order of commits, and settings can't change under a batch.
    await sql`create table game (
      game_no int generated always as identity primary key,
      game_id text not null unique,
      revision int not null,
      actions jsonb not null,
      updated_at timestamptz not null default now()
    )`.execute(db);

    await sql`create table board (
      board_no int generated always as identity primary key,
      game_no int not null references game on delete cascade,
      board_id text not null,
      aggregation text not null check (aggregation in ('sum', 'best', 'latest')),
      direction text not null check (direction in ('descending', 'ascending')),
      title text not null,
      position int not null,
      state text not null check (state in ('ready', 'filling')),
      filled_seq bigint not null,
      epoch int not null default 0,
      unique (game_no, board_id)
    )`.execute(db);

    await sql`create table score_event (
      seq bigint generated always as identity primary key,
      game_no int not null,
      player_id text not null,
      action_id text not null,
      points bigint not null,
      action text,
      display_name text,
      occurred_at timestamptz,
      committed_at timestamptz not null,
      sent_by text not null,
      sent_role text not null,
      address text not null,
      unique (game_no, action_id)
    )`.execute(db);

    // previous_score is what the last change replaced: it gives a commit's
    // answer without a read. The free space lets updates stay on their page.
    await sql`create table standing (
      board_no int not null,
      player_id text not null,
      score bigint not null check (score between -9007199254740991 and 9007199254740991),
      seq bigint not null,
      version bigint not null,
      previous_score bigint,
      display_name text,
      updated_at timestamptz not null,
      primary key (board_no, player_id)
    ) with (fillfactor = 80)`.execute(db);

    await sql`create table instance (
      instance_id text primary key,
      projected_seq bigint not null,
      seen_at timestamptz not null default now()
    )`.execute(db);

    // Rows of these are deleted in small steps after the game or board is gone.
    await sql`create table removed_game (game_no int primary key)`.execute(db);
    await sql`create table removed_board (board_no int primary key)`.execute(db);
  },
};

/**
 * Events lie in eras, a partition each: an old one can be taken out whole. The
 * columns stand so that no byte is lost between them; the index by game and seq
 * serves what is read per game, which is all.
 */
const eras: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table ledger add column era int not null default 1`.execute(db);
    await sql`create table era (
      era int primary key,
      began_at timestamptz not null default now(),
      detached_at timestamptz
    )`.execute(db);
    await sql`insert into era (era, began_at)
      select 1, coalesce(min(committed_at), now()) from score_event`.execute(db);
    await sql`alter table score_event rename to event_before`.execute(db);
    await sql`create sequence event_seq as bigint`.execute(db);
    await sql`select setval('event_seq', last_value, is_called)
      from score_event_seq_seq`.execute(db);
    await sql`create table score_event (
      seq bigint not null default nextval('event_seq'),
      points bigint not null,
      committed_at timestamptz not null,
      occurred_at timestamptz,
      game_no int not null,
      era int not null,
      player_id text not null,
      action_id text not null,
      action text,
      display_name text,
      sent_by text not null,
      sent_role text not null,
      address text not null,
      constraint known_action unique (game_no, action_id, era)
    ) partition by list (era)`.execute(db);
    await sql`create index event_of_game on score_event (game_no, seq)`.execute(db);
    await sql`create table score_event_1 partition of score_event for values in (1)`.execute(db);
    await sql`insert into score_event (seq, points, committed_at, occurred_at, game_no, era,
        player_id, action_id, action, display_name, sent_by, sent_role, address)
      select seq, points, committed_at, occurred_at, game_no, 1,
        player_id, action_id, action, display_name, sent_by, sent_role, address
      from event_before order by seq`.execute(db);
    await sql`drop table event_before`.execute(db);
  },
};

const provider: MigrationProvider = {
  getMigrations: async () => ({ "0001-first": first, "0002-eras": eras }),
};

/**
 * Brings the schema up to date. Instances may do it together: an advisory lock
 * lets one work and the others wait.
 */
export async function migrate(db: Database): Promise<void> {
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error !== undefined) throw error;
}
