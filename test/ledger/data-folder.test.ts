import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { sql } from "kysely";
import { DataFolderInUse, openEmbeddedDatabase } from "../../src/ledger/embedded-database.ts";

const holdFolder = fileURLToPath(new URL("hold-folder.ts", import.meta.url));

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
      await assert.rejects(openEmbeddedDatabase(folder), /can't be opened; it was left as it is/);
    }
    assert.equal(await readFile(foreign, "utf8"), "not a database");
  });

  it("is made with its parents, for its owner only", async () => {
    const deep = join(folder, "a", "b");
    const database = await openEmbeddedDatabase(deep);
    assert.equal((await stat(deep)).mode & 0o777, 0o700);
    await database.close();
  });
});
