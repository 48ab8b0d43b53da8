import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { sql } from "kysely";
import { DataFolderInUse, openEmbeddedDatabase } from "../../src/ledger/embedded-database.ts";

const holdFolder = fileURLToPath(new URL("hold-folder.ts", import.meta.url));

/** What may become of the files of a ledger. */
const damages: Readonly<Record<string, (postgres: string) => Promise<void>>> = {
  "its version is gone": (postgres) => rm(join(postgres, "PG_VERSION")),
  "its version is empty": (postgres) => truncate(join(postgres, "PG_VERSION")),
  "its control file is cut short": (postgres) => truncate(join(postgres, "global/pg_control"), 100),
  "its control file holds something else": (postgres) =>
    writeFile(join(postgres, "global/pg_control"), Buffer.alloc(8_192, 0x5a)),
  "its log is cut short": async (postgres) => {
    const log = join(postgres, "pg_wal");
    for (const file of await readdir(log)) {
      if (/^[0-9A-F]{24}$/.test(file)) await truncate(join(log, file), 100);
    }
  },
  "its control file is gone": (postgres) => rm(join(postgres, "global/pg_control")),
  "its log is gone": (postgres) => rm(join(postgres, "pg_wal"), { recursive: true }),
  "its tables are gone": (postgres) => rm(join(postgres, "base"), { recursive: true }),
  "all its files are gone": async (postgres) => {
    await rm(postgres, { recursive: true });
    await mkdir(postgres);
  },
  "it is gone itself": (postgres) => rm(postgres, { recursive: true }),
};

async function makeProof(folder: string): Promise<void> {
  const database = await openEmbeddedDatabase(folder);
  await sql`create table proof as select 7 as n`.execute(database.db);
  await database.close();
}

/** But for what says that somebody has it open. */
async function filesOf(folder: string): Promise<readonly string[]> {
  const files = await readdir(folder, { recursive: true });
  return files.filter((file) => !/^lock|postmaster\.pid$/.test(file));
}

describe("the folder of the embedded database", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "score-folder-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** Another process that opens the folder; `said` is what came of it. */
  async function openElsewhere() {
    const args = ["--disable-warning=ExperimentalWarning", holdFolder, folder];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "exit");
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const said = String((await lines.next()).value);
    return {
      said,
      ended,
      async kill() {
        child.kill("SIGKILL");
        await ended;
      },
    };
  }

  it("is refused to a second process, and to this one, while a process has it open", async () => {
    const database = await openEmbeddedDatabase(folder);
    await assert.rejects(openEmbeddedDatabase(folder), DataFolderInUse);
    const other = await openElsewhere();
    assert.match(other.said, /^DataFolderInUse: .* is in use by another process/);
    assert.ok(other.said.includes(folder));
    await other.ended;
    await sql`create table proof ()`.execute(database.db);
    await database.close();
  });

  it("is free again after close, with its data", async () => {
    const database = await openEmbeddedDatabase(folder);
    await sql`create table proof as select 7 as n`.execute(database.db);
    await database.close();
    const again = await openEmbeddedDatabase(folder);
    const { rows } = await sql`select n from proof`.execute(again.db);
    assert.deepEqual(rows, [{ n: 7 }]);
    await again.close();
  });

  it("is free again as soon as the process that had it is dead", async () => {
    const holder = await openElsewhere();
    assert.equal(holder.said, "opened");
    await assert.rejects(openEmbeddedDatabase(folder), DataFolderInUse);
    await holder.kill();
    const database = await openEmbeddedDatabase(folder);
    await database.close();
  });

  it("is left as it is, and free, when what is in it can't be opened", async () => {
    const foreign = join(folder, "postgres");
    await writeFile(foreign, "not a database");
    for (let attempt = 0; attempt < 2; attempt++) {
      await assert.rejects(openEmbeddedDatabase(folder), /can't be opened and was left as it is/);
    }
    assert.equal(await readFile(foreign, "utf8"), "not a database");
  });

  for (const [damage, spoil] of Object.entries(damages)) {
    it(`is refused and left as it is when ${damage}`, async () => {
      await makeProof(folder);
      await spoil(join(folder, "postgres"));
      const before = await filesOf(folder);
      await assert.rejects(
        openEmbeddedDatabase(folder),
        /can't be opened and was left as it is; put back a copy, or begin anew in another folder/,
      );
      const after = await filesOf(folder);
      assert.deepEqual(
        after.filter((file) => !before.includes(file)),
        [],
        "nothing was made in its place",
      );
    });
  }

  it("is made from the start when its first start was cut off", async () => {
    await mkdir(join(folder, "postgres"), { recursive: true });
    await writeFile(join(folder, "postgres", "PG_VERSION"), "17");
    await writeFile(join(folder, "ledger-state"), "making");
    await makeProof(folder);
    const again = await openEmbeddedDatabase(folder);
    const { rows } = await sql`select n from proof`.execute(again.db);
    assert.deepEqual(rows, [{ n: 7 }]);
    await again.close();
  });

  it("is made with its parents, for its owner only", async () => {
    const deep = join(folder, "a", "b");
    const database = await openEmbeddedDatabase(deep);
    assert.equal((await stat(deep)).mode & 0o777, 0o700);
    await database.close();
  });
});
