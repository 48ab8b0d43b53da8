import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { AdminService } from "../../gen/score/v1/admin_pb.js";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import type { RunningService } from "../../src/app/service.ts";
import { eventually } from "../lanes/eventually.ts";
import { type Caller, newGame, submitAll } from "../lanes/games.ts";
import { GrpcClient } from "../lanes/grpc-client.ts";
import { startTestService, tokenFor } from "../lanes/test-service.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres-server.ts";
import { type RedisServer, startRedis } from "../servers/redis-server.ts";
import { query } from "./query.ts";

/** The steps of docs/operations.md; a copy of the database stands for a dump. */
describe("a ledger restored to an older state beside a newer ranking", { timeout: 120_000 }, () => {
  let postgres: PostgresServer;
  let redis: RedisServer;
  let service: RunningService;
  let caller: Caller & { readonly client: GrpcClient };
  let gameId: string;
  before(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  });
  after(async () => {
    await postgres?.close();
    await redis?.close();
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
  /** Plays, and leaves a ledger that has less of it than the ranking; resolves with its address. */
  const fallBack = async () => {
    const database = await postgres.createDatabase();
    await start(database);
    gameId = await newGame(caller);
    await submitAll(caller, gameId, [
      ["ada", 1],
      ["bo", 2],
    ]);
    await stop();
    const [name, copy] = [new URL(database).pathname.slice(1), `older_${gameId.replace("-", "_")}`];
    await query(postgres.url, `create database "${copy}" template ${name}`);
    await start(database);
    await submitAll(caller, gameId, [
      ["ada", 10],
      ["ada", 10],
      ["cy", 5],
    ]);
    await stop();
    return Object.assign(new URL(database), { pathname: `/${copy}` }).href;
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

  it("is ranked as it is once it has a new id", async () => {
    const older = await fallBack();
    await query(older, "update ledger set ledger_id = gen_random_uuid()::text");
    await query(older, "delete from instance");
    await start(older);
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

  it("is ranked as it is once Redis was emptied, also while the service runs", async () => {
    await start(await fallBack());
    assert.notEqual(await differences(), 0n);
    await redis.flush();
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
