import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
 * Throws DataFolderInUse when another process has the folder open. A ledger
 * that was there and is damaged or gone is an error, and never begun anew.
 */
export async function openEmbeddedDatabase(folder: string): Promise<OpenDatabase> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const release = lockFolder(folder);
  try {
    const files = join(folder, "postgres");
    const note = new LedgerNote(folder, files);
    note.opening();
    const pglite = await PGlite.create(files, {
      parsers: { [types.INT8]: Number },
      // After a crash Postgres would start a timer that PGlite never stops: it
      // would keep the process alive after close.
      startParams: [...PGlite.defaultStartParams, "-c", "log_startup_progress_interval=0"],
    });
    note.opened();
    const db = new Kysely<Tables>({ dialect: new PGliteDialect({ pglite }) });
    const close = async () => {
      await db.destroy();
      release();
    };
    // Nothing that it is asked for outlives the process, or is given up.
    return { db, commits: db, commitsInFlight: 1, endSessions: async () => {}, close };
  } catch (cause) {
    release();
    const advice = "put back a copy, or begin anew in another folder (SCORE_DATA_DIR)";
    throw new Error(`the data in ${folder} can't be opened and was left as it is; ${advice}`, {
      cause,
    });
  }
}

/**
 * Knows by a file of its own whether a ledger was ever made in the folder.
 * PGlite makes a new one wherever it finds none, also in the place of one whose
 * files were lost.
 */
class LedgerNote {
  readonly #note: string;
  readonly #files: string;

  constructor(folder: string, files: string) {
    this.#note = join(folder, "ledger-state");
    this.#files = files;
  }

  /** Throws when what was made is no longer there. */
  opening(): void {
    const state = this.#state();
    // A first start that was cut off has acknowledged nothing.
    if (state === "making") rmSync(this.#files, { recursive: true, force: true });
    if (existsSync(join(this.#files, "PG_VERSION"))) return;
    if (state === "made" || existsSync(this.#files)) {
      throw new Error("the ledger that was there is damaged or gone: PG_VERSION is missing");
    }
    writeFileSync(this.#note, "making\n");
  }

  opened(): void {
    if (this.#state() !== "made") writeFileSync(this.#note, "made\n");
  }

  #state(): string | undefined {
    return existsSync(this.#note) ? readFileSync(this.#note, "utf8").trim() : undefined;
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
