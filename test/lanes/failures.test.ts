import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Code } from "@connectrpc/connect";
import { AdminService } from "../../gen/score/v1/admin_pb.js";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import type { RunningService } from "../../src/app/service.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres-server.ts";
import { type RedisServer, startRedis } from "../servers/redis-server.ts";
import { clientKinds } from "./clients.ts";
import { eventually } from "./eventually.ts";
import { type Caller, newGame, submit } from "./games.ts";
import { HealthClient } from "./health-client.ts";
import { CallError } from "./lane-client.ts";
import { assertRefused } from "./refusal.ts";
import { startTestService, tokenFor } from "./test-service.ts";

const { getLeaderboard, getStanding, listBoards, watchLeaderboard } = ScoreService.method;

const ledgerDown = {
  code: Code.Unavailable,
  reason: "LEDGER_UNAVAILABLE",
  message: "the ledger is unavailable",
};

describe("while a server behind the service is away", () => {
  let postgres: PostgresServer;
  let redis: RedisServer;
  let service: RunningService;
  let callers: readonly (Caller & { readonly name: string })[];
  let health: HealthClient;
  let gameId: string;
  before(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    const env = { DATABASE_URL: await postgres.createDatabase(), REDIS_URL: redis.url };
    service = await startTestService({ env, close: async () => {} });
    const server = { token: await tokenFor("server", "game-server") };
    const admin = { token: await tokenFor("admin", "operator") };
    callers = clientKinds.map((kind) => ({
      name: kind.name,
      client: kind.open(service),
      server,
      admin,
    }));
    health = new HealthClient(service.grpcPort);
    gameId = await newGame(first(callers));
    await submit(first(callers), { gameId });
  });
  after(async () => {
    health?.close();
    for (const { client } of callers ?? []) client.close();
    await service?.close();
    await Promise.all([postgres?.close(), redis?.close()]);
  });

  const readiness = async () => (await fetch(`http://127.0.0.1:${service.httpPort}/readyz`)).status;

  it("a call ends with DEADLINE_EXCEEDED when Postgres does not answer in time", async () => {
    await postgres.pause();
    try {
      for (const { name, client, server } of callers) {
        const attempt = submit({ client, server, admin: {} }, late(name), {
          ...server,
          timeoutMs: 300,
        });
        // The other clients look at the clock themselves and may be first.
        if (name === "JSON") {
          await assertRefused(attempt, {
            code: Code.DeadlineExceeded,
            reason: "DEADLINE_EXCEEDED",
            message: "the deadline passed",
          });
        } else await assert.rejects(attempt, { code: Code.DeadlineExceeded });
      }
    } finally {
      await postgres.resume();
    }
    for (const caller of callers) {
      await eventually("a retry is answered", () => isDone(submit(caller, late(caller.name))));
      assert.equal((await submit(caller, late(caller.name))).standings[0]?.score, 1n);
    }
  });

  it("calls fail with UNAVAILABLE while Postgres is down, and a retry counts once", async () => {
    await postgres.stop();
    for (const caller of callers) {
      const { client, admin } = caller;
      await Promise.all([
        assertRefused(submit(caller, retried(caller.name)), ledgerDown),
        assertRefused(client.call(AdminService.method.getGame, { gameId }, admin), ledgerDown),
        assertRefused(client.call(getLeaderboard, { gameId: "not-known-yet" }), ledgerDown),
        assertRefused(client.watch(watchLeaderboard, { gameId: "nor-this" }).next(), ledgerDown),
      ]);
    }
    assert.equal(await readiness(), 503);
    await eventually("health is NOT_SERVING", async () => (await health.check("")) !== "SERVING");
    await postgres.start();
    for (const caller of callers) {
      await eventually("a retry is answered", () => isDone(submit(caller, retried(caller.name))));
      const { duplicate, standings } = await submit(caller, retried(caller.name));
      assert.deepEqual([duplicate, standings[0]?.score], [true, 1n]);
    }
    await eventually("the service is ready again", async () => (await readiness()) === 200);
    await eventually("health is SERVING", async () => (await health.check("")) === "SERVING");
  });

  it("boards are read from Redis while Postgres is down, also when their settings are old", async () => {
    const playerId = "shown";
    await submit(first(callers), { gameId, playerId });
    await postgres.stop();
    // Settings are believed for a second.
    for (const until = performance.now() + 1_500; performance.now() < until; ) {
      for (const { client } of callers) {
        const page = await client.call(getLeaderboard, { gameId });
        assert.notEqual(page.version, 0n, "it is the ranking's");
        const { entry } = await client.call(getStanding, { gameId, playerId });
        assert.notEqual(entry?.rank, 0n);
        assert.equal((await client.call(listBoards, { gameId })).boards.length, 1);
        const watch = client.watch(watchLeaderboard, { gameId });
        assert.equal((await watch.next()).value?.version, page.version);
        await watch.return(undefined);
      }
    }
    await postgres.start();
    await eventually("the service is ready again", async () => (await readiness()) === 200);
  });

  it("scores are accepted and boards are read, without ranks, while Redis is down", async () => {
    await redis.stop();
    for (const caller of callers) {
      const { name: playerId, client } = caller;
      const { standings } = await submit(caller, { gameId, playerId });
      assert.deepEqual(
        standings.map(({ rank, previousRank }) => [rank, previousRank]),
        [[undefined, undefined]],
      );
      // The ledger is read at most once a tick: a page may be that old.
      await eventually("the board shows the score", async () => {
        const page = await client.call(getLeaderboard, { gameId, limit: 100 });
        assert.deepEqual([page.epoch, page.version], [0n, 0n]);
        const shown = page.entries.find((entry) => entry.playerId === playerId);
        return shown?.score === standings[0]?.score;
      });
      const { entry, percentile } = await client.call(getStanding, { gameId, playerId });
      assert.deepEqual([entry?.rank, percentile], [0n, undefined]);
      assert.equal(entry?.score, standings[0]?.score);
      await assertRefused(client.call(getLeaderboard, { gameId, aroundPlayerId: playerId }), {
        code: Code.Unavailable,
        reason: "RANKING_UNAVAILABLE",
        message: "the ranking of main is catching up",
      });
    }
    await redis.start();
    for (const { name: playerId, client } of callers) {
      await eventually("the ranking is back", async () => {
        const { entry } = await client.call(getStanding, { gameId, playerId });
        return entry?.rank !== 0n;
      });
    }
  });

  const late = (playerId: string) => ({ gameId, playerId, actionId: `late-${playerId}` });
  const retried = (name: string) => ({
    gameId,
    playerId: `${name}-again`,
    actionId: `retried-${name}`,
  });
});

function first<T>([item]: readonly T[]): T {
  assert.ok(item !== undefined);
  return item;
}

/** Whether the call ended well; a failure other than of the call itself is one of the test. */
async function isDone(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof CallError) return false;
    throw error;
  }
}
