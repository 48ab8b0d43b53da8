import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { type PostgresServer, startPostgres } from "../servers/postgres-server.ts";

/** A Postgres whose role `score` needs a password, with a database of its own. */
export interface PasswordPostgres {
  readonly server: PostgresServer;
  /** Of the role `score`, without its password. */
  readonly url: URL;
  /** As a superuser, in the database. */
  query(text: string): Promise<void>;
  setPassword(password: string): Promise<void>;
  /** Ends every session of the role. */
  cutSessions(): Promise<void>;
}

export async function startPasswordPostgres(password: string): Promise<PasswordPostgres> {
  const server = await startPostgres();
  const superUrl = await server.createDatabase();
  const query = async (text: string) => {
    const client = new pg.Client({ connectionString: superUrl });
    await client.connect();
    await client.query(text).finally(() => client.end());
  };
  const setPassword = (next: string) =>
    query(`alter role score password ${pg.escapeLiteral(next)}`);
  const access = join(server.dataDir, "pg_hba.conf");
  const rules = await readFile(access, "utf8");
  await writeFile(access, `host all score 127.0.0.1/32 scram-sha-256\n${rules}`);
  const url = new URL(superUrl);
  url.username = "score";
  await query("create role score login");
  await setPassword(password);
  await query(`alter database ${url.pathname.slice(1)} owner to score`);
  await query("grant all on schema public to score");
  await query("select pg_reload_conf()");
  const cutSessions = () =>
    query("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'score'");
  return { server, url, query, setPassword, cutSessions };
}
