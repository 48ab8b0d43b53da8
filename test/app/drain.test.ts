import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Code } from "@connectrpc/connect";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { clientKinds } from "../lanes/clients.ts";
import { eventually } from "../lanes/eventually.ts";
import { type Caller, newEvent, newGame, submit } from "../lanes/games.ts";
import { GrpcClient } from "../lanes/grpc-client.ts";
import { HealthClient } from "../lanes/health-client.ts";
import { CallError, type LaneClient } from "../lanes/lane-client.ts";
import { assertRefused } from "../lanes/refusal.ts";
import { testSecretText, tokenFor } from "../lanes/test-service.ts";
import { newFolder, ServiceProcess } from "./service-process.ts";

const { getLeaderboard, watchLeaderboard } = ScoreService.method;

describe("a service that is told to stop", () => {
  let folder: Awaited<ReturnType<typeof newFolder>>;
  let service: ServiceProcess;
  let clients: LaneClient[];
  let caller: Caller;
  let gameId: string;

  const start = async () => {
    service = await ServiceProcess.start({
      SCORE_DATA_DIR: folder.path,
      SCORE_JWT_SECRET: testSecretText,
      SCORE_ANONYMOUS_CALLS_PER_SECOND: "0",
      SCORE_LOG_LEVEL: "error",
    });
    clients = clientKinds.map((kind) => kind.open(service.ports));
    caller = {
      client: clients[0] ?? assert.fail(),
      server: { token: await tokenFor("server", "game-server") },
      admin: { token: await tokenFor("admin", "operator") },
    };
  };
  const stop = async () => {
    for (const client of clients) client.close();
    await service.close();
  };
  beforeEach(async () => {
    folder = await newFolder();
    await start();
    gameId = await newGame(caller);
  });
  afterEach(async () => {
    await stop();
    await folder.remove();
  });

  it("answers every update that it counts, ends its watches, cuts nothing and exits with 0", async () => {
    const health = new HealthClient(service.ports.grpcPort);
    const statuses = health.watch("");
    assert.equal((await statuses.next()).value, "SERVING");
    const watches = clients.map((client) => client.watch(watchLeaderboard, { gameId }));
    for (const watch of watches) await watch.next();
    const load = new Load(clients, caller, gameId);
    await eventually("hundreds of updates were answered", () => load.accepted > 300);

    const began = performance.now();
    service.signal("SIGTERM");
    const [ended, nextStatus] = await Promise.all([
      service.ended,
      statuses.next(),
      load.done,
      ...watches.map((watch) => untilShutdown(watch)),
    ]);
    assert.deepEqual(ended, { code: 0, signal: null });
    // What is still open after 8 s is cut.
    assert.ok(performance.now() - began < 8_000, `${performance.now() - began} ms`);
    assert.equal(nextStatus.value, "NOT_SERVING");
    assert.equal((await statuses.next()).done, true);
    assert.deepEqual(load.failures, []);
    assert.equal(await service.errors, "");
    health.close();

    await stop();
    await start();
    // One player for each worker, one point for each update.
    const page = await caller.client.call(getLeaderboard, { gameId, limit: 100 });
    const counted = page.entries.reduce((sum, { score }) => sum + Number(score), 0);
    assert.equal(counted, load.accepted);
  });

  it("answers all events that it took from a pipe", async () => {
    const client = new GrpcClient(service.ports.grpcPort);
    const stream = client.stream(caller.server);
    let sent = 0;
    let isOver = false;
    const answered = (async () => {
      let count = 0;
      try {
        for await (const { outcome } of stream) {
          assert.equal(outcome.case, "accepted");
          count += 1;
          if (count === 500) service.signal("SIGTERM");
        }
      } catch (error) {
        assert.equal((error as CallError).code, Code.Unavailable, `${error}`);
      }
      isOver = true;
      return count;
    })();
    await eventually("the pipe has ended", () => {
      for (let burst = 0; burst < 50 && !isOver; burst++) {
        stream.write(newEvent({ gameId, actionId: `action-${sent++}` }));
      }
      return isOver;
    });
    const count = await answered;
    assert.deepEqual(await service.ended, { code: 0, signal: null });
    client.close();

    await stop();
    await start();
    const page = await caller.client.call(getLeaderboard, { gameId });
    assert.equal(Number(page.entries[0]?.score), count);
  });

  it("answers a pipe also when its client reads late", async () => {
    const client = new GrpcClient(service.ports.grpcPort);
    const stream = client.stream(caller.server);
    const events = 2_500;
    for (let index = 0; index < events; index++) {
      stream.write(newEvent({ gameId, actionId: `action-${index}` }));
    }
    await eventually("all events are counted", async () => {
      const page = await caller.client.call(getLeaderboard, { gameId });
      return Number(page.entries[0]?.score) === events;
    });
    service.signal("SIGTERM");
    const actions = new Set<string>();
    const reading = (async () => {
      for await (const { actionId } of stream) actions.add(actionId);
    })();
    await assert.rejects(reading, { code: Code.Unavailable });
    assert.equal(actions.size, events);
    assert.deepEqual(await service.ended, { code: 0, signal: null });
    client.close();
  });

  it("takes a signal that comes again at once for the same, as npm repeats the terminal's Ctrl-C", async () => {
    const load = new Load(clients, caller, gameId);
    await eventually("updates are under way", () => load.accepted > 50);
    service.signal("SIGINT");
    await pause(5);
    service.signal("SIGINT");
    assert.deepEqual(await service.ended, { code: 0, signal: null });
    await load.done;
    assert.deepEqual(load.failures, []);
    assert.equal(await service.errors, "");
  });

  it("ends at once when it is told again after a second", async () => {
    const client = new GrpcClient(service.ports.grpcPort);
    // A request that is never complete holds up the end.
    const holder = connect(service.ports.httpPort, "127.0.0.1");
    const broken = new Promise((resolve) => holder.on("error", resolve).on("close", resolve));
    const path = `/${getLeaderboard.parent.typeName}/${getLeaderboard.name}`;
    const headers = `host: test\r\ncontent-type: application/json\r\ncontent-length: 100`;
    holder.write(`POST ${path} HTTP/1.1\r\n${headers}\r\nexpect: 100-continue\r\n\r\n`);
    await once(holder, "data");
    const watch = client.watch(watchLeaderboard, { gameId });
    await watch.next();
    const began = performance.now();
    service.signal("SIGTERM");
    await untilShutdown(watch);
    let hasEnded = false;
    const ended = service.ended.finally(() => (hasEnded = true));
    await eventually("it has ended", () => {
      service.signal("SIGTERM");
      return hasEnded;
    });
    assert.deepEqual(await ended, { code: 1, signal: null });
    const tookMs = performance.now() - began;
    assert.ok(tookMs > 900 && tookMs < 6_000, `${tookMs} ms`);
    await broken;
    client.close();
  });
});

/** Workers of all clients that send updates until the service is gone. */
class Load {
  /** Answers that said that the update is durable. */
  accepted = 0;
  /** What was neither accepted nor refused because the service stops. */
  readonly failures: unknown[] = [];
  readonly done: Promise<unknown>;

  constructor(clients: readonly LaneClient[], caller: Caller, gameId: string) {
    const workers = clients.flatMap((client, kind) =>
      Array.from({ length: 4 }, (_, index) => `player-${kind}-${index}`).map((playerId) =>
        this.#work({ ...caller, client }, gameId, playerId),
      ),
    );
    this.done = Promise.all(workers);
  }

  async #work(caller: Caller, gameId: string, playerId: string): Promise<void> {
    try {
      for (;;) {
        await submit(caller, { gameId, playerId });
        this.accepted += 1;
      }
    } catch (error) {
      if (!isGone(error)) this.failures.push(error);
    }
  }
}

/** True for what a client sees of a service that takes no more calls. */
function isGone(error: unknown): boolean {
  if (error instanceof CallError) {
    return (
      error.code === Code.Unavailable ||
      /ECONNREFUSED|ECONNRESET|EPIPE|socket hang up/.test(error.message)
    );
  }
  return error instanceof TypeError && error.message === "fetch failed";
}

/** Frames may come before the end, which is one that asks to connect again. */
async function untilShutdown(watch: AsyncGenerator<unknown>): Promise<void> {
  const end = (async () => {
    for await (const _ of watch);
  })();
  await assertRefused(end, {
    code: Code.Unavailable,
    reason: "SHUTTING_DOWN",
    message: "this instance is shutting down; connect again",
  });
}
