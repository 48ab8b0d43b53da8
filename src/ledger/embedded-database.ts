import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { PGlite, types } from "@electric-sql/pglite";
import { Kysely, PGliteDialect } from "kysely";
import type { OpenDatabase, Tables } from "./database.ts";

/** The folder is in use by another process. */
export class DataFolderInUse extends Error {
  constructor(folder: string) {
    super(
      `${folder} is in use by another process; stop it or set SCORE_DATA_DIR to another folder`,
    );
    this.name = "DataFolderInUse";
  }
}

/**
 * Opens the Postgres that runs inside this process, with its files in
 * `folder`. Acknowledged commits survive the death of the process at any
 * moment; a power cut may cost the last moments, since it never syncs to disk.
 *
 * Throws DataFolderInUse when another process has the folder open.
 */
export async function openEmbeddedDatabase(folder: string): Promise<OpenDatabase> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const release = lockFolder(folder);
  try {
    const pglite = await PGlite.create(join(folder, "postgres"), {
      parsers: { [types.INT8]: Number },
      // After a crash Postgres would start a timer that PGlite never stops: it
      // would keep the process alive after close.
      startParams: [...PGlite.defaultStartParams, "-c", "log_startup_progress_interval=0"],
    });
    const db = new Kysely<Tables>({ dialect: new PGliteDialect({ pglite }) });
    const close = async () => {
      await db.destroy();
      release();
    };
    return { db, commitsInFlight: 1, close };
  } catch (cause) {
    release();
    throw new Error(`the data in ${folder} can't be opened; it was left as it is`, { cause });
  }
}

/**
 * Two processes on one folder would destroy it. The operating system drops the
 * lock with the process, however that ends.
 */
function lockFolder(folder: string): () => void {
  const lock = new DatabaseSync(join(folder, "lock"));
  try {
    lock.exec("pragma locking_mode = exclusive; begin exclusive");
  } catch (cause) {
    lock.close();
    if ((cause as { errcode?: number }).errcode === 5) throw new DataFolderInUse(folder);
    throw cause;
  }
  let open = true;
  return () => {
    if (open) lock.close();
    open = false;
  };
}
