import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { type Backend, startServers } from "../lanes/backends.ts";
import { eventually } from "../lanes/eventually.ts";
import { type Caller, newGame, submit } from "../lanes/games.ts";
import { GrpcClient } from "../lanes/grpc-client.ts";
import { testSecretText, tokenFor } from "../lanes/test-service.ts";
import { scrape } from "./scrape.ts";
import { newFolder, ServiceProcess } from "./service-process.ts";

const { watchLeaderboard } = ScoreService.method;

const workers = 3;
/** So many that no worker has all of them: the primary deals them out to who is free. */
const connections = 4 * workers;

describe("a service of several workers", () => {
  let folder: Awaited<ReturnType<typeof newFolder>>;
  let backend: Backend;
  let service: ServiceProcess;
  let clients: GrpcClient[];
  let caller: Caller;
  let gameId: string;

  const settings = () => ({
    ...backend.env,
    SCORE_WORKERS: String(workers),
    SCORE_DATA_DIR: folder.path,
    SCORE_JWT_SECRET: testSecretText,
    SCORE_LOG_LEVEL: "error",
  });
  const open = () =>
    Array.from({ length: connections }, () => new GrpcClient(service.ports.grpcPort));
  const by = (client: GrpcClient) => ({ ...caller, client });
  const submitByAll = (playerId: string) =>
    Promise.all(clients.map((client) => submit(by(client), { gameId, playerId })));

  before(async () => {
    [folder, backend] = await Promise.all([newFolder(), startServers()]);
  });
  after(async () => {
    await backend?.close();
    await folder?.remove();
  });
  beforeEach(async () => {
    service = await ServiceProcess.start(settings());
    clients = open();
    const [client = assert.fail()] = clients;
    caller = {
      client,
      server: { token: await tokenFor("server", "game-server") },
      admin: { token: await tokenFor("admin", "operator") },
    };
    gameId = await newGame(caller);
  });
  afterEach(async () => {
    for (const client of clients) client.close();
    await service.close();
  });

  it("is one service: each score counts once, by whichever worker", async () => {
    const responses = await submitByAll("ada");
    assert.deepEqual(
      responses.map(({ standings }) => Number(standings[0]?.score)).sort((a, b) => a - b),
      Array.from({ length: connections }, (_, index) => index + 1),
    );
  });

  it("shows watchers of every worker what came through another", async () => {
    const watches = clients.map((client) => client.watch(watchLeaderboard, { gameId }));
    await Promise.all(watches.map((watch) => watch.next()));
    await submit(caller, { gameId, playerId: "ada" });
    for (const watch of watches) {
      const { value } = await watch.next();
      assert.equal(value?.entries[0]?.playerId, "ada");
      await watch.return?.(undefined);
    }
  });

  it("tells the figures of all workers, whichever is asked", async () => {
    await submitByAll("ada");
    const line = 'score_call_seconds_count{lane="grpc",method="UpdateScore",code="OK"}';
    for (let time = 0; time < workers; time++) {
      await eventually("all calls are counted", async () => {
        return (await scrape(service.ports, line)) === connections;
      });
    }
    assert.equal(await scrape(service.ports, "score_ready"), 1);
    assert.equal(await scrape(service.ports, "score_watches_max"), workers * 20_000);
  });

  it("tells the figures of the others while a killed worker is replaced, or one hangs", async (t) => {
    const url = `http://127.0.0.1:${service.ports.httpPort}/metrics`;
    /** Undefined where the connection went to a worker that is gone or hangs. */
    const statusOf = async () => {
      const answer = fetch(url, {
        headers: { connection: "close" },
        signal: AbortSignal.timeout(4_000),
      });
      return (await answer.catch(() => undefined))?.status;
    };
    const before = await childrenOf(service.pid);
    const [victim = assert.fail(), hanging = assert.fail()] = before;
    process.kill(victim, "SIGKILL");
    const statuses = new Set<number | undefined>();
    const queues = "score_ledger_queued_events_max";
    await eventually("all tell their figures again", async () => {
      statuses.add(await statusOf());
      const now = await childrenOf(service.pid);
      if (now.length < workers || now.includes(victim)) return false;
      return (await scrape(service.ports, queues)) === workers * 20_000;
    });
    process.kill(hanging, "SIGSTOP");
    t.after(() => process.kill(hanging, "SIGKILL"));
    const answers = await Promise.all(Array.from({ length: 4 }, statusOf));
    for (const status of answers) statuses.add(status);
    assert.ok(answers.includes(200));
    statuses.delete(undefined);
    assert.deepEqual([...statuses], [200]);
  });

  it("starts another worker in the place of one that was killed", async () => {
    const before = await childrenOf(service.pid);
    assert.equal(before.length, workers);
    const [victim = assert.fail()] = before;
    const lives = clients.map((client) => lifeOf(client.watch(watchLeaderboard, { gameId })));
    await Promise.all(lives.map(({ begun }) => begun));
    process.kill(victim, "SIGKILL");
    let cut = 0;
    for (const { ended } of lives) void ended.catch(() => (cut += 1));
    await eventually("its share of the watches is cut", () => cut > 0);
    await eventually("there are as many again", async () => {
      const now = await childrenOf(service.pid);
      return now.length === workers && !now.includes(victim);
    });
    assert.ok(cut < connections, "the others go on");
    for (const client of clients) client.close();
    clients = open();
    await submitByAll("ada");
    service.signal("SIGTERM");
    assert.deepEqual(await service.ended, { code: 0, signal: null });
    assert.match(await service.errors, /another takes its place/);
  });

  it("answers every update that it counts when it is told to stop, and leaves no process", async () => {
    const left = await childrenOf(service.pid);
    // Whoever has no connection yet is not under way.
    await submitByAll("ada");
    const updates = submitByAll("ada");
    await submit(caller, { gameId, playerId: "bob" });
    service.signal("SIGTERM");
    await updates;
    assert.deepEqual(await service.ended, { code: 0, signal: null });
    assert.deepEqual(left.filter(isRunning), []);
    assert.equal(await service.errors, "");
  });

  it("answers every update also when each of its processes is told to stop", async () => {
    const all = [service.pid, ...(await childrenOf(service.pid))];
    await submitByAll("ada");
    const updates = submitByAll("ada");
    await submit(caller, { gameId, playerId: "bob" });
    for (const pid of all.reverse()) process.kill(pid, "SIGTERM");
    await updates;
    assert.deepEqual(await service.ended, { code: 0, signal: null });
    assert.equal(await service.errors, "");
  });

  it("stops within 10 s though a worker hangs, and leaves no process", async () => {
    const left = await childrenOf(service.pid);
    const [hanging = assert.fail()] = left;
    process.kill(hanging, "SIGSTOP");
    const began = performance.now();
    service.signal("SIGTERM");
    assert.deepEqual(await service.ended, { code: 0, signal: null });
    assert.ok(performance.now() - began < 10_000, `${performance.now() - began} ms`);
    await eventually("the workers have ended", () => !left.some(isRunning));
    assert.match(await service.errors, /worker \d has not ended within 9500 ms; it is killed/);
  });

  it("leaves no worker when its primary process is killed", async () => {
    const left = await childrenOf(service.pid);
    await service.close();
    await eventually("the workers have ended", () => !left.some(isRunning));
  });

  it("can't start on a port that is taken: says so and leaves no process", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as { port: number };
    try {
      await assert.rejects(
        ServiceProcess.start({ ...settings(), SCORE_GRPC_PORT: String(port) }),
        /can't start: .*EADDRINUSE/,
      );
    } finally {
      taken.close();
    }
  });
});

/** When a watch has shown its first frame, and when it is cut. */
function lifeOf(watch: AsyncIterator<unknown>) {
  const begun = watch.next();
  const rest = async () => {
    await begun;
    while (!(await watch.next()).done);
  };
  return { begun, ended: rest() };
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.split(" ").filter(Boolean).map(Number);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
