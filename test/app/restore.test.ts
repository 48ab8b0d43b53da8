import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, realpath, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { AdminService } from "../../gen/score/v1/admin_pb.js";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import type { RunningService } from "../../src/app/service.ts";
import { eventually } from "../lanes/eventually.ts";
import { type Caller, newGame, submitAll } from "../lanes/games.ts";
import { GrpcClient } from "../lanes/grpc-client.ts";
import { startTestService, testSecretText, tokenFor } from "../lanes/test-service.ts";
import { commandsUnder } from "../readme/commands.ts";
import { ensureInstalled } from "../servers/install.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres-server.ts";
import { type RedisServer, startRedis } from "../servers/redis-server.ts";
import { newFolder, ServiceProcess } from "./service-process.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));

/** Runs commands of docs/operations.md as they stand there. */
async function run(commands: string, cwd: string, env: Readonly<Record<string, string>>) {
  const { initdb, redisServer } = await ensureInstalled();
  const folders = [dirname(await realpath(initdb)), dirname(redisServer), process.env.PATH];
  const options = { cwd, env: { ...env, PATH: folders.join(":") } };
  return (await promisify(execFile)("bash", ["-ec", commands], options)).stdout;
}

describe("a ledger restored to an older state beside a newer ranking", { timeout: 120_000 }, () => {
  let postgres: PostgresServer;
  let redis: RedisServer;
  let service: RunningService;
  let caller: Caller & { readonly client: GrpcClient };
  let gameId: string;
  let folder: Awaited<ReturnType<typeof newFolder>>;
  before(async () => {
    [postgres, redis, folder] = await Promise.all([startPostgres(), startRedis(), newFolder()]);
  });
  after(async () => {
    await postgres?.close();
    await redis?.close();
    await folder?.remove();
  });

  const start = async (database: string) => {
    const env = { DATABASE_URL: database, REDIS_URL: redis.url };
    service = await startTestService({ env, close: async () => {} });
    caller = {
      client: new GrpcClient(service.grpcPort),
      server: { token: await tokenFor("server", "game-server") },
      admin: { token: await tokenFor("admin", "operator") },
    };
  };
  const stop = async () => {
    caller.client.close();
    await service.close();
  };
  /** Plays, dumps the ledger and plays on: the ranking has more than the dump. */
  const playPastDump = async () => {
    const database = await postgres.createDatabase();
    await start(database);
    gameId = await newGame(caller);
    await submitAll(caller, gameId, [
      ["ada", 1],
      ["bo", 2],
    ]);
    const [dump = assert.fail()] = commandsUnder("docs/operations.md", "Back up");
    await run(dump, folder.path, { DATABASE_URL: database });
    await submitAll(caller, gameId, [
      ["ada", 10],
      ["ada", 10],
      ["cy", 5],
    ]);
    await stop();
    return database;
  };
  const shown = async () => {
    const { getLeaderboard } = ScoreService.method;
    const { entries } = await caller.client.call(getLeaderboard, { gameId }, caller.admin);
    return entries.map(({ playerId, score }) => `${playerId} ${score}`);
  };
  const differences = async () => {
    const { verifyRanking } = AdminService.method;
    let count = 0n;
    for await (const message of caller.client.watch(verifyRanking, { gameId }, caller.admin)) {
      count = message.differenceCount;
    }
    return count;
  };

  it("is ranked as it is once it has a new id, and nothing of the old one is left", async () => {
    const old = await playPastDump();
    const restored = Object.assign(new URL(old), { pathname: "/restored" }).href;
    const env = { DATABASE_URL: old, RESTORED_URL: restored, REDIS_URL: redis.url };
    const [restore = assert.fail()] = commandsUnder("docs/operations.md", "Restore");
    const [, restoring = "", check = "", askId = "", clear = ""] =
      /^(.*?)^(npm run verify[^\n]*)\n[^\n]*\n(psql[^\n]*)\n(.*)$/ms.exec(restore) ?? assert.fail();
    await run(restoring, folder.path, env);
    await start(restored);
    await submitAll(caller, gameId, [["ada", 3]]);
    const address = `127.0.0.1:${service.grpcPort}`;
    await eventually("every board is as the ledger says", () =>
      run(`${check} --address ${address}`, project, { SCORE_JWT_SECRET: testSecretText }).then(
        () => true,
        () => false,
      ),
    );
    assert.deepEqual(await shown(), ["ada 4", "bo 2"]);
    const id = (await run(askId, folder.path, env)).trim();
    const oldKeys = () => redis.command("KEYS", `score:${id}:*`);
    assert.notDeepEqual(await oldKeys(), []);
    await run(clear, folder.path, { ...env, OLD_ID: id });
    assert.deepEqual(await oldKeys(), []);
    assert.equal(await differences(), 0n);
    await stop();
  });

  it("is ranked as it is once Redis was emptied, also while the service runs", async () => {
    await playPastDump();
    const copy = await postgres.createDatabase();
    await run('pg_restore --dbname="$COPY" score.dump', folder.path, { COPY: copy });
    await start(copy);
    assert.notEqual(await differences(), 0n);
    const [empty = assert.fail()] = commandsUnder("docs/operations.md", "Lose Redis on purpose");
    const [flush = ""] = empty.split("\n");
    await run(flush, folder.path, { REDIS_URL: redis.url });
    await submitAll(caller, gameId, [["ada", 3]]);
    await eventually("there is a ranking", () =>
      differences().then(
        () => true,
        () => false,
      ),
    );
    assert.equal(await differences(), 0n);
    assert.deepEqual(await shown(), ["ada 4", "bo 2"]);
    await stop();
  });
});

describe("an embedded ledger put back from a copy", { timeout: 120_000 }, () => {
  it("has every score of the copy", async () => {
    await using folder = await newFolder();
    const [, , pack = assert.fail()] = commandsUnder("docs/operations.md", "Back up");
    const settings = {
      SCORE_DATA_DIR: join(folder.path, "data"),
      SCORE_JWT_SECRET: testSecretText,
    };
    const token = await tokenFor("server", "game-server");
    const during = async <T>(use: (client: GrpcClient) => Promise<T>) => {
      const service = await ServiceProcess.start(settings);
      const client = new GrpcClient(service.ports.grpcPort);
      try {
        return await use(client);
      } finally {
        client.close();
        service.signal("SIGTERM");
        await service.ended;
      }
    };
    const { updateScore, getStanding } = ScoreService.method;
    const of = { gameId: "demo", playerId: "ada" };
    const submit = (client: GrpcClient, actionId: string) =>
      client.call(updateScore, { ...of, actionId, what: { case: "points", value: 7n } }, { token });
    await during((client) => submit(client, "before-the-copy"));
    await run(pack, folder.path, {});
    await during((client) => submit(client, "after-it"));
    await rm(settings.SCORE_DATA_DIR, { recursive: true });
    await mkdir(settings.SCORE_DATA_DIR);
    const unpack = "tar -C data -xzf data.tgz";
    assert.ok((await readFile(join(project, "docs/operations.md"), "utf8")).includes(unpack));
    await run(unpack, folder.path, {});
    const { entry } = await during((client) => client.call(getStanding, of, { token }));
    assert.equal(entry?.score, 7n);
  });
});
