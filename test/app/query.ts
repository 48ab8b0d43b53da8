import pg from "pg";

/** Runs one statement on a connection of its own. */
export async function query(database: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
