import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ensureBrowser, ensureInstalled } from "./install.ts";

describe("ensureInstalled", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "score-test-"));
  });
  after(() => rm(folder, { recursive: true }));

  const fakeProgram = async (name: string) => {
    await writeFile(join(folder, name), "");
    await chmod(join(folder, name), 0o755);
  };

  it("says in one line what is missing where nothing can be installed", async () => {
    await fakeProgram("initdb");
    const error = await ensureInstalled({ folders: async () => [folder] }).catch(
      (error: Error) => error,
    );
    assert.ok(error instanceof Error);
    assert.match(
      error.message,
      /^missing redis-server and PostgreSQL \(initdb, postgres\): install with .*$/,
    );
  });

  it("installs what is missing, once", async () => {
    let installs = 0;
    const install = async () => {
      installs++;
      await Promise.all(["initdb", "postgres", "redis-server"].map(fakeProgram));
    };
    const programs = await ensureInstalled({ folders: async () => ["/nowhere", folder], install });
    assert.equal(programs.redisServer, join(folder, "redis-server"));
    assert.deepEqual(await ensureInstalled({ folders: async () => [folder], install }), programs);
    assert.equal(installs, 1);
  });
});

describe("ensureBrowser", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "score-test-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("says in one line what is missing where nothing can be installed", async () => {
    await assert.rejects(ensureBrowser({ folders: async () => [folder] }), {
      message: /^missing Chromium: install with .*$/,
    });
  });

  it("installs Chromium where there is none, once", async () => {
    let installs = 0;
    const install = async () => {
      installs++;
      await writeFile(join(folder, "chromium"), "");
      await chmod(join(folder, "chromium"), 0o755);
    };
    for (let times = 0; times < 2; times++) {
      const browser = await ensureBrowser({ folders: async () => [folder], install });
      assert.equal(browser, join(folder, "chromium"));
    }
    assert.equal(installs, 1);
  });

  it("takes a Chrome that is there", async () => {
    const chromeOnly = await mkdtemp(join(folder, "chrome-"));
    await writeFile(join(chromeOnly, "google-chrome"), "");
    await chmod(join(chromeOnly, "google-chrome"), 0o755);
    const install = () => assert.fail("nothing is missing");
    const browser = await ensureBrowser({ folders: async () => [chromeOnly], install });
    assert.equal(browser, join(chromeOnly, "google-chrome"));
  });
});
