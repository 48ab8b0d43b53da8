import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import type { RunningService } from "../../src/app/service.ts";
import { FaultyLink } from "../servers/faulty-link.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres-server.ts";
import { type RedisServer, startRedis } from "../servers/redis-server.ts";
import { clientKinds } from "./clients.ts";
import { newGame, submit } from "./games.ts";
import { startTestService, tokenFor } from "./test-service.ts";

describe("an instance that alone lost its ledger", { timeout: 60_000 }, () => {
  let postgres: PostgresServer;
  let redis: RedisServer;
  let link: FaultyLink;
  let lost: RunningService;
  let other: RunningService;
  before(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    link = await FaultyLink.to(postgres.port);
    const url = await postgres.createDatabase();
    const start = (DATABASE_URL: string) =>
      startTestService({ env: { DATABASE_URL, REDIS_URL: redis.url }, close: async () => {} });
    other = await start(url);
    lost = await start(link.urlOf(url));
  });
  after(async () => {
    await link?.close();
    await Promise.all([lost?.close(), other?.close()]);
    await Promise.all([postgres?.close(), redis?.close()]);
  });

  for (const [how, lose] of [
    ["broke off", () => link.cut()],
    ["fell silent", () => link.halfOpen()],
  ] as const) {
    it(`goes on showing what others take in when the line to it ${how}`, async () => {
      const [kind] = clientKinds;
      assert.ok(kind);
      const [viewer, client] = [kind.open(lost), kind.open(other)];
      const server = { token: await tokenFor("server", "game-server") };
      const admin = { token: await tokenFor("admin", "operator") };
      const caller = { client, server, admin };
      try {
        const gameId = await newGame(caller);
        const frames = viewer.watch(ScoreService.method.watchLeaderboard, { gameId });
        await frames.next();
        lose();
        // Settings are believed for a second.
        for (const until = performance.now() + 1_500; performance.now() < until; ) {
          const { standings } = await submit(caller, { gameId });
          const { value } = await frames.next();
          assert.equal(value?.entries[0]?.score, standings[0]?.score);
        }
        await frames.return(undefined);
      } finally {
        link.heal();
        viewer.close();
        client.close();
      }
    });
  }
});
