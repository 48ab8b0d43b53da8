import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, readdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Cluster, Redis } from "ioredis";
import pg from "pg";
import { freePort } from "./free-port.ts";
import { type PostgresServer, startPostgres } from "./postgres-server.ts";
import { type RedisCluster, startRedisCluster } from "./redis-cluster.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";

/** How long a paused server is watched: an answer of a running one takes a few milliseconds. */
const SILENCE_MS = 300;

describe("a PostgreSQL server", () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres({ settings: { log_min_duration_statement: "1234" } });
  });
  after(() => server.close());

  it("answers, durable by default and with the settings asked for", async () => {
    const settings = [
      "fsync",
      "synchronous_commit",
      "max_connections",
      "shared_buffers",
      "log_min_duration_statement",
    ];
    const values = settings.map((name) => `current_setting('${name}')`);
    const [row] = await query(server.url, `select array[${values}] as values`);
    assert.deepEqual(row, { values: ["on", "on", "100", "256MB", "1234ms"] });
  });

  it("makes databases that are empty and apart", async () => {
    const [one, other] = await Promise.all([server.createDatabase(), server.createDatabase()]);
    await query(one, "create table only_here ()");
    assert.deepEqual(await query(other, "select from pg_tables where schemaname = 'public'"), []);
  });

  it("brings committed rows back after a kill, and only those", async () => {
    const url = await server.createDatabase();
    await query(url, "create table row (id int)");
    await query(url, "insert into row values (1)");
    const open = await connected(url);
    await open.query("begin");
    await open.query("insert into row values (2)");
    const lost = new Promise<void>((resolve) => open.once("end", resolve));
    await server.kill();
    await lost;
    await assert.rejects(query(url, "select"), { code: "ECONNREFUSED" });
    await server.start();
    assert.match(await server.log(), /was not properly shut down; automatic recovery/);
    assert.deepEqual(await query(url, "select id from row"), [{ id: 1 }]);
  });

  it("comes back from many kills in the middle of work", async () => {
    const url = await server.createDatabase();
    await query(url, "create table row (id int)");
    for (let round = 0; round < 5; round++) {
      const writers = Array.from({ length: 8 }, () =>
        query(url, "do 'begin loop insert into row values (1); commit; end loop; end'"),
      );
      const ends = Promise.allSettled(writers);
      await waitUntil(
        async () =>
          (await query(url, `select from row offset ${round * 100} limit 1`)).length === 1,
      );
      await server.kill();
      assert.ok((await ends).every(({ status }) => status === "rejected"));
      await server.start();
    }
  });

  it("brings everything back after a stop, and starts and stops twice without harm", async () => {
    const url = await server.createDatabase();
    await query(url, "create table row ()");
    await server.stop();
    await server.stop();
    await assert.rejects(query(url, "select"), { code: "ECONNREFUSED" });
    await server.start();
    await server.start();
    assert.match(await server.log(), /database system was shut down at/);
    assert.deepEqual(await query(url, "select from row"), []);
  });

  it("is silent while paused, to open and to new connections, and answers when resumed", async () => {
    const open = await connected(server.url);
    await server.pause();
    const onOpen = open.query("select 1 as one");
    const onNew = query(server.url, "select 1 as one");
    assert.equal(await Promise.race([onOpen, onNew, delay(SILENCE_MS, "silent")]), "silent");
    await server.resume();
    assert.deepEqual((await onOpen).rows, [{ one: 1 }]);
    assert.deepEqual(await onNew, [{ one: 1 }]);
    await open.end();
  });

  it("can be killed and stopped while paused", async () => {
    await server.pause();
    await server.kill();
    await server.start();
    await server.pause();
    await server.stop();
    await server.start();
    assert.deepEqual(await query(server.url, "select 1 as one"), [{ one: 1 }]);
  });

  it("uses the port asked for", async () => {
    const port = await freePort();
    await using fixed = await startPostgres({ port });
    assert.equal(new URL(fixed.url).port, String(port));
    assert.deepEqual(await query(fixed.url, "select 1 as one"), [{ one: 1 }]);
  });

  it("says what is wrong when it cannot start, and leaves nothing", async () => {
    const present = process.env.TMPDIR;
    const folder = await mkdtemp(join(tmpdir(), "score-test-"));
    await chmod(folder, 0o711);
    process.env.TMPDIR = folder;
    try {
      const start = startPostgres({ settings: { max_connections: "many" } });
      await assert.rejects(start, /did not start: .*max_connections/s);
      assert.deepEqual(await readdir(folder), []);
    } finally {
      if (present === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = present;
      await rm(folder, { recursive: true });
    }
  });

  for (const state of ["running", "stopped", "killed", "paused"] as const) {
    it(`is gone with its folder after close, when it was ${state}`, async () => {
      const server = await startPostgres();
      if (state === "stopped") await server.stop();
      if (state === "killed") await server.kill();
      if (state === "paused") await server.pause();
      await Promise.all([server.close(), server.close()]);
      await assertGone(server.port, server.dataDir);
      await assert.rejects(server.start(), /closed/);
    });
  }
});

describe("a Redis server", () => {
  let server: RedisServer;
  before(async () => {
    server = await startRedis();
  });
  after(() => server.close());

  it("answers, and is empty after a flush", async () => {
    await server.command("SET", "key", "value");
    assert.equal(await server.command("GET", "key"), "value");
    await server.flush();
    assert.equal(await server.command("DBSIZE"), 0);
  });

  for (const end of ["stop", "kill"] as const) {
    it(`comes back empty, on the same port, after ${end} and start`, async () => {
      await server.command("SET", "key", "value");
      const { url } = server;
      await server[end]();
      await assert.rejects(server.command("PING"));
      await server.start();
      assert.equal(server.url, url);
      assert.equal(await server.command("GET", "key"), null);
    });
  }

  it("comes back with what is on disk when the settings ask for it", async () => {
    await using durable = await startRedis({
      settings: { appendonly: "yes", appendfsync: "always", save: "900 1" },
    });
    assert.deepEqual(await durable.command("CONFIG", "GET", "save"), ["save", "900 1"]);
    await durable.command("SET", "key", "value");
    await durable.kill();
    await durable.start();
    assert.equal(await durable.command("GET", "key"), "value");
  });

  it("is silent while paused and answers when resumed", async () => {
    const client = new Redis(server.url);
    await client.ping();
    await server.pause();
    const answer = client.ping();
    assert.equal(await Promise.race([answer, delay(SILENCE_MS, "silent")]), "silent");
    await server.resume();
    assert.equal(await answer, "PONG");
    client.disconnect();
  });

  it("says what is wrong when it cannot start", async () => {
    await assert.rejects(
      startRedis({ settings: { "no-such-setting": "1" } }),
      /did not start: .*no-such-setting/s,
    );
  });

  it("is gone with its folder after close", async () => {
    const server = await startRedis();
    const [, folder] = (await server.command("CONFIG", "GET", "dir")) as [string, string];
    assert.ok(existsSync(folder));
    await server.pause();
    await Promise.all([server.close(), server.close()]);
    await assertGone(server.port, folder);
    await assert.rejects(server.pause(), /not running/);
  });
});

for (const replicas of [0, 1]) {
  describe(`a Redis Cluster of three masters with ${replicas} replicas each`, () => {
    let cluster: RedisCluster;
    before(async () => {
      cluster = await startRedisCluster({ masters: 3, replicas });
    });
    after(() => cluster.close());

    it("answers on all slots and is well on every node", async () => {
      assert.equal(cluster.urls.length, 3 * (1 + replicas));
      for (const node of cluster.nodes) {
        assert.match(
          String(await node.command("CLUSTER", "INFO")),
          /cluster_state:ok\r\ncluster_slots_assigned:16384\r/,
        );
      }
      const client = new Cluster(cluster.urls);
      const keys = Array.from({ length: 2_000 }, (_, index) => `key ${index}`);
      await Promise.all(keys.map((key) => client.set(key, key)));
      assert.deepEqual(await Promise.all(keys.map((key) => client.get(key))), keys);
      for (const master of cluster.nodes.slice(0, 3)) {
        assert.ok(Number(await master.command("DBSIZE")) > 500);
      }
      client.disconnect();
    });
  });
}

it("servers end and their folders go when the process that started them is killed", async () => {
  const script = fileURLToPath(new URL("abandoned-servers.ts", import.meta.url));
  const parent = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(parent.stdout, "data");
  const { ports, dataDir } = JSON.parse(String(line)) as { ports: number[]; dataDir: string };
  parent.kill("SIGKILL");
  await once(parent, "exit");
  await waitUntil(async () => !existsSync(dataDir));
  for (const port of ports) await assertGone(port, dataDir);
});

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  // A crash of the server ends the connection; the tests see it in their own calls.
  client.on("error", () => {});
  await client.connect();
  return client;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = await connected(url);
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function waitUntil(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, "did not happen within 20 s");
    await delay(20);
  }
}

async function assertGone(port: number, folder: string): Promise<void> {
  assert.equal(existsSync(folder), false);
  const socket = connect(port, "127.0.0.1");
  const [error] = await once(socket, "error");
  assert.equal((error as NodeJS.ErrnoException).code, "ECONNREFUSED");
}
