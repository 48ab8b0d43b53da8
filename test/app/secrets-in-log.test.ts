import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { AdminService } from "../../gen/score/v1/admin_pb.js";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { signToken } from "../../src/access/token-signer.ts";
import { clientKinds } from "../lanes/clients.ts";
import { eventually } from "../lanes/eventually.ts";
import { newEvent } from "../lanes/games.ts";
import { GrpcClient } from "../lanes/grpc-client.ts";
import { newId } from "../lanes/lane-suite.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres-server.ts";
import { type RedisServer, startRedis } from "../servers/redis-server.ts";
import { newFolder, ServiceProcess } from "./service-process.ts";

/** Each is a text that nothing else contains. */
const planted = {
  jwtSecret: "planted-jwt-secret-0123456789abcdefghijkl",
  otherSecret: "planted-other-secret-0123456789abcdefghi",
  postgresPassword: "planted-postgres-password",
  redisPassword: "planted-redis-password",
  wrongRedisPassword: "planted-wrong-redis-password",
};

const sign = (secret: string, expiresIn: string) =>
  signToken(new TextEncoder().encode(secret), {
    role: "admin",
    subject: "operator",
    game: "*",
    expiresIn,
  });

describe("the log at its most talkative", () => {
  let folder: Awaited<ReturnType<typeof newFolder>>;
  let postgres: PostgresServer;
  let redis: RedisServer;
  let service: ServiceProcess;
  before(async () => {
    folder = await newFolder();
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    await redis.command("CONFIG", "SET", "requirepass", planted.redisPassword);
  });
  after(async () => {
    await service?.close();
    await Promise.all([postgres?.close(), redis?.close()]);
    await folder?.remove();
  });

  for (const [redisPassword, state] of [
    [planted.redisPassword, "right"],
    [planted.wrongRedisPassword, "wrong"],
  ] as const) {
    it(`holds no token, secret or password, with a Redis password that is ${state}`, async () => {
      const database = new URL(await postgres.createDatabase());
      database.password = planted.postgresPassword;
      service = await ServiceProcess.start({
        SCORE_LOG_LEVEL: "trace",
        SCORE_DATA_DIR: folder.path,
        SCORE_JWT_SECRET: planted.jwtSecret,
        DATABASE_URL: database.href,
        REDIS_URL: `redis://:${redisPassword}@127.0.0.1:${new URL(redis.url).port}`,
      });
      const tokens = {
        valid: await sign(planted.jwtSecret, "1h"),
        expired: await sign(planted.jwtSecret, "-1h"),
        forged: await sign(planted.otherSecret, "1h"),
        nonsense: "planted-nonsense-token",
      };
      const grpc = new GrpcClient(service.ports.grpcPort);
      const admin = { token: tokens.valid };
      const gameId = newId("game");
      const game = { gameId, boards: [{ boardId: "main" }] };
      await grpc.call(AdminService.method.putGame, { game }, admin);
      for (const kind of clientKinds) {
        const client = kind.open(service.ports);
        for (const token of Object.values(tokens)) {
          const { updateScore, watchLeaderboard } = ScoreService.method;
          await client.call(updateScore, newEvent({ gameId }), { token }).catch(() => {});
          await client
            .call(updateScore, newEvent({ gameId }), { authorization: token })
            .catch(() => {});
          const watch = client.watch(watchLeaderboard, { gameId }, { token });
          await watch.next().catch(() => {});
          await watch.return(undefined);
        }
        client.close();
      }
      await postgres.stop();
      await grpc.call(ScoreService.method.updateScore, newEvent({ gameId }), admin).catch(() => {});
      await postgres.start();
      await eventually("the ledger is back", async () => {
        const call = grpc.call(ScoreService.method.updateScore, newEvent({ gameId }), admin);
        return call.then(
          () => true,
          () => false,
        );
      });
      grpc.close();
      service.signal("SIGTERM");
      assert.equal((await service.ended).code, 0);

      const log = await service.errors;
      assert.match(log, /"method":"UpdateScore","code":"OK"/);
      assert.match(log, /"method":"UpdateScore","code":"UNAUTHENTICATED"/);
      assert.match(log, /"msg":"stopping"/);
      if (state === "wrong") assert.match(log, /"msg":"Redis is unavailable"/);
      const signatures = Object.values(tokens).map((token) => token.split(".").at(-1) ?? token);
      for (const secret of [...Object.values(planted), ...Object.values(tokens), ...signatures]) {
        const line = log.split("\n").find((text) => text.includes(secret));
        assert.equal(line, undefined, `${secret} is in the log`);
      }
    });
  }
});
