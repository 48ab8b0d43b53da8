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

const provider: MigrationProvider = {
  getMigrations: async () => ({ "0001-first": first }),
};

/**
 * Brings the schema up to date. Instances may do it together: an advisory lock
 * lets one work and the others wait.
 */
export async function migrate(db: Database): Promise<void> {
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error !== undefined) throw error;
}
