import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { envoyClientKinds } from "../lanes/clients.ts";
import { eventually } from "../lanes/eventually.ts";
import { type Caller, newEvent, newGame } from "../lanes/games.ts";
import type { LaneClient } from "../lanes/lane-client.ts";
import { newId } from "../lanes/lane-suite.ts";
import { testSecretText, tokenFor } from "../lanes/test-service.ts";
import { type EnvoyServer, startEnvoy } from "../servers/envoy-server.ts";
import { FaultyLink } from "../servers/faulty-link.ts";
import { freePort } from "../servers/free-port.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres-server.ts";
import { type RedisServer, startRedis } from "../servers/redis-server.ts";
import { ServiceProcess } from "../servers/service-process.ts";

/** An instance on ports that it keeps, and its way to the ledger. */
interface Instance {
  readonly service: ServiceProcess;
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly link: FaultyLink;
}

describe("two instances behind one Envoy", () => {
  let postgres: PostgresServer;
  let redis: RedisServer;
  let instances: readonly Instance[];
  let envoy: EnvoyServer;
  let caller: Caller;
  let clients: readonly LaneClient[];
  before(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    const url = await postgres.createDatabase();
    instances = [await start(url), await start(url)];
    envoy = await startEnvoy({ instances });
    clients = envoyClientKinds.map((kind) =>
      kind.open({ grpcPort: envoy.port, httpPort: envoy.port }),
    );
    caller = {
      client: clients[0] as LaneClient,
      server: { token: await tokenFor("server", "game-server") },
      admin: { token: await tokenFor("admin", "operator") },
    };
    await envoy.untilHealthy(4);
  });
  after(async () => {
    for (const client of clients ?? []) client.close();
    await envoy?.close();
    for (const { service, link } of instances ?? []) {
      await service.close();
      await link.close();
    }
    await Promise.all([postgres?.close(), redis?.close()]);
  });

  const start = async (url: string): Promise<Instance> => {
    const link = await FaultyLink.to(postgres.port);
    const [grpcPort, httpPort] = [await freePort(), await freePort()];
    const service = await ServiceProcess.create({
      DATABASE_URL: link.urlOf(url),
      REDIS_URL: redis.url,
      SCORE_JWT_SECRET: testSecretText,
      SCORE_GRPC_PORT: String(grpcPort),
      SCORE_HTTP_PORT: String(httpPort),
      SCORE_ANONYMOUS_CALLS_PER_SECOND: "0",
    });
    await service.start();
    return { service, grpcPort, httpPort, link };
  };

  it("are restarted one by one without a failed call, whichever way it came", async () => {
    const gameId = await newGame(caller);
    const load = new Load(clients, caller, gameId);
    for (const { service } of instances) {
      await load.goOn(300);
      await service.stop();
      await load.goOn(300);
      await service.start();
      await envoy.untilHealthy(4);
    }
    assert.deepEqual(await load.end(), []);
    assert.ok(load.answered > 1_200, `${load.answered} calls`);
    await load.checkCounted();
  });

  it("lose no score when one is killed, and whoever lost an answer just asks again", async () => {
    const gameId = await newGame(caller);
    // Envoy can't repeat a call whose answer has begun.
    const load = new Load(clients, caller, gameId, 1);
    await load.goOn(300);
    await instances[0]?.service.kill();
    await load.goOn(300);
    await instances[0]?.service.start();
    await envoy.untilHealthy(4);
    assert.deepEqual(await load.end(), []);
    await load.checkCounted();
  });

  it("answer for each other when one can't reach the ledger", async () => {
    const gameId = await newGame(caller);
    const load = new Load(clients, caller, gameId);
    await load.goOn(100);
    instances[1]?.link.loseAnswers();
    await load.goOn(300);
    instances[1]?.link.heal();
    assert.deepEqual(await load.end(), []);
    await load.checkCounted();
  });

  it("go on when Redis is down and so neither is ready", async () => {
    const gameId = await newGame(caller);
    const load = new Load(clients, caller, gameId);
    await load.goOn(100);
    await redis.kill();
    await envoy.untilHealthy(0);
    await load.goOn(300);
    await redis.start();
    await envoy.untilHealthy(4);
    assert.deepEqual(await load.end(), []);
    await load.checkCounted();
  });
});

/** Submits and reads without end, by every client at once, and writes down what fails. */
class Load {
  /** Calls that were answered. */
  answered = 0;
  readonly #options: {
    readonly caller: Caller;
    readonly gameId: string;
    readonly repeats: number;
  };
  readonly #failures: string[] = [];
  readonly #callers: Promise<void>[];
  /** Points that were acknowledged. */
  #points = 0n;
  #isOver = false;

  /** `repeats`: how often a call that failed is made again before it counts as failed. */
  constructor(clients: readonly LaneClient[], caller: Caller, gameId: string, repeats = 0) {
    this.#options = { caller, gameId, repeats };
    this.#callers = [...clients, ...clients].map((client) => this.#run(client));
  }

  /** Resolves after so many more answers. */
  async goOn(answers: number): Promise<void> {
    const until = this.answered + answers;
    await eventually(`${answers} more answers`, () => this.answered >= until);
  }

  /** Resolves with what failed, when the last call was answered. */
  async end(): Promise<readonly string[]> {
    this.#isOver = true;
    await Promise.all(this.#callers);
    return this.#failures;
  }

  /** That each event counts once, however often Envoy sent it. */
  async checkCounted(): Promise<void> {
    const { caller, gameId } = this.#options;
    await eventually("the board shows all points", async () => {
      const page = await caller.client.call(ScoreService.method.getLeaderboard, {
        gameId,
        limit: 100,
      });
      return page.entries.reduce((sum, { score }) => sum + score, 0n) === this.#points;
    });
  }

  async #repeatedly(call: () => Promise<unknown>): Promise<void> {
    for (let left = this.#options.repeats; ; left -= 1) {
      try {
        return void (await call());
      } catch (error) {
        if (left === 0) throw error;
      }
    }
  }

  async #run(client: LaneClient): Promise<void> {
    const { caller, gameId } = this.#options;
    const { updateScore, getLeaderboard } = ScoreService.method;
    const playerId = newId("player");
    while (!this.#isOver) {
      try {
        const event = newEvent({ gameId, playerId, actionId: randomUUID() });
        await this.#repeatedly(() => client.call(updateScore, event, caller.server));
        this.#points += 1n;
        await this.#repeatedly(() => client.call(getLeaderboard, { gameId }));
        this.answered += 2;
      } catch (error) {
        this.#failures.push(String(error));
      }
    }
  }
}
