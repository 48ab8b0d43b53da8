import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { request } from "node:https";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { Code } from "@connectrpc/connect";
import { AdminService } from "../../gen/score/v1/admin_pb.js";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { signToken } from "../../src/access/token-signer.ts";
import { newFolder, ServiceProcess } from "../app/service-process.ts";
import { type Certificate, makeCertificate } from "../lanes/certificate.ts";
import { eventually } from "../lanes/eventually.ts";
import { newEvent } from "../lanes/games.ts";
import { GrpcClient } from "../lanes/grpc-client.ts";
import { CallError, type CallOptions } from "../lanes/lane-client.ts";
import { newId } from "../lanes/lane-suite.ts";
import { redisCommand } from "../servers/redis-command.ts";
import { type RedisServer, startRedis } from "../servers/redis-server.ts";
import { type PasswordPostgres, startPasswordPostgres } from "./password-postgres.ts";
import { assertHidden, planted } from "./planted-secrets.ts";
import { rawGrpc } from "./raw-calls.ts";

const { getLeaderboard, updateScore, watchLeaderboard } = ScoreService.method;

const sign = (secret: string, role: "player" | "server" | "admin", expiresIn: string) =>
  signToken(new TextEncoder().encode(secret), { role, subject: "operator", game: "*", expiresIn });

describe("a service that was given secrets, at its most talkative", () => {
  let folder: Awaited<ReturnType<typeof newFolder>>;
  let postgres: PasswordPostgres;
  let redis: RedisServer;
  let certificate: Certificate;
  let service: ServiceProcess;
  let client: GrpcClient;
  let tokens: Readonly<Record<string, string>>;
  let secrets: readonly string[];
  /** What callers were told, and what was served. */
  const told: string[] = [];
  const gameId = newId("game");
  before(async () => {
    [folder, postgres, redis, certificate] = await Promise.all([
      newFolder(),
      startPasswordPostgres(planted.postgresPassword),
      startRedis(),
      makeCertificate(),
    ]);
    await redis.command("CONFIG", "SET", "requirepass", planted.redisPassword);
    const database = new URL(postgres.url);
    database.password = encodeURIComponent(planted.postgresPassword);
    service = await ServiceProcess.start({
      SCORE_LOG_LEVEL: "trace",
      SCORE_DATA_DIR: folder.path,
      SCORE_JWT_SECRET: planted.jwtSecret,
      ...certificate.settings,
      DATABASE_URL: database.href,
      REDIS_URL: `redis://:${encodeURIComponent(planted.redisPassword)}@127.0.0.1:${redis.port}`,
    });
    client = new GrpcClient(service.ports.grpcPort, certificate.ca);
    tokens = {
      player: await sign(planted.jwtSecret, "player", "1h"),
      server: await sign(planted.jwtSecret, "server", "1h"),
      admin: await sign(planted.jwtSecret, "admin", "1h"),
      expired: await sign(planted.jwtSecret, "admin", "-1h"),
      forged: await sign(planted.otherSecret, "admin", "1h"),
      nonsense: "planted-nonsense-token",
    };
    const signatures = Object.values(tokens).map((token) => token.split(".").at(-1) ?? "");
    const key = (await readFile(certificate.keyFile, "utf8")).split("\n");
    secrets = [
      ...Object.values(planted),
      ...Object.values(tokens),
      ...signatures,
      ...key.filter((line) => line.length > 30),
    ];
    assert.ok(secrets.length > 18);
  });
  after(async () => {
    client?.close();
    await service?.close();
    await Promise.all([postgres?.server.close(), redis?.close(), certificate?.close()]);
    await folder?.remove();
  });

  const server = () => ({ token: tokens.server });

  /** A GET, or a POST of JSON; resolves with the status. */
  const fetched = (path: string, headers: Record<string, string> = {}, body?: string) =>
    new Promise<number>((resolve, reject) => {
      const call = request({
        host: "localhost",
        port: service.ports.httpPort,
        path,
        method: body === undefined ? "GET" : "POST",
        headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
        ca: certificate.ca,
        agent: false,
      });
      call.on("error", reject);
      call.on("response", (response) => {
        text(response).then((answer) => {
          told.push(`${JSON.stringify(response.headers)} ${answer}`);
          resolve(response.statusCode ?? 0);
        }, reject);
      });
      call.end(body);
    });

  /** By both lanes; resolves with the code of the gRPC one. */
  const submitted = async (options: CallOptions): Promise<string> => {
    const event = newEvent({ gameId });
    const { token, authorization = `Bearer ${token}` } = options;
    const body = JSON.stringify({ gameId, playerId: "ada", points: 1, actionId: newId("action") });
    await fetched("/score.v1.ScoreService/UpdateScore", { authorization }, body);
    return client.call(updateScore, event, { ...options, timeoutMs: 10_000 }).then(
      () => "OK",
      (error) => {
        if (!(error instanceof CallError)) throw error;
        told.push(`${error.message} ${JSON.stringify(error.details)}`);
        return Code[error.code];
      },
    );
  };

  it("answers, refuses and serves", async () => {
    const game = { gameId, boards: [{ boardId: "main" }] };
    await client.call(AdminService.method.putGame, { game }, { token: tokens.admin });
    for (const token of Object.values(tokens)) {
      await submitted({ token });
      await submitted({ authorization: token });
      await submitted({ authorization: `Basic ${Buffer.from(`me:${token}`).toString("base64")}` });
      // grpc-js does not take such a header, and says so.
      const target = { port: service.ports.grpcPort, ca: certificate.ca };
      const path = "/score.v1.ScoreService/UpdateScore";
      await rawGrpc(target, path, [["authorization", `Bearer\t${token}`]]);
      const frames = client.watch(watchLeaderboard, { gameId }, { token });
      await frames.next().catch(({ message }) => told.push(message));
      await frames.return(undefined);
      await fetched(`/?token=${token}`);
      await fetched(`/no-such-page/${token}`);
      await fetched(
        `/score.v1.ScoreService/GetLeaderboard`,
        { authorization: `Bearer ${token}` },
        "{",
      );
    }
    assert.equal(await submitted({ token: tokens.server }), "OK");
    assert.equal(await submitted({ token: tokens.forged }), "Unauthenticated");
  });

  it("serves pages and metrics", async () => {
    for (const path of [
      "/",
      "/main.js",
      "/style.css",
      "/icon.svg",
      "/metrics",
      "/healthz",
      "/readyz",
    ]) {
      assert.equal(await fetched(path), 200, path);
    }
  });

  it("meets a Redis that takes its password no more", async () => {
    const url = `redis://:${encodeURIComponent(planted.redisPassword)}@127.0.0.1:${redis.port}`;
    await redisCommand(url, "CONFIG", "SET", "requirepass", planted.otherRedisPassword);
    const other = url.replace(/:[^:@]*@/, `:${planted.otherRedisPassword}@`);
    await redisCommand(other, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    assert.equal(await submitted(server()), "OK");
  });

  it("meets a ledger without a table, one that takes its password no more, and none", async () => {
    await postgres.query("alter table score_event rename to gone");
    assert.equal(await submitted(server()), "Internal");
    await postgres.query("alter table gone rename to score_event");
    await eventually("scores are taken again", async () => (await submitted(server())) === "OK");

    await postgres.setPassword(planted.otherPostgresPassword);
    await postgres.cutSessions();
    assert.equal(await submitted(server()), "Unavailable");
    await fetched("/readyz");
    await postgres.setPassword(planted.postgresPassword);
    await eventually("scores are taken again", async () => (await submitted(server())) === "OK");

    await postgres.server.stop();
    assert.equal(await submitted(server()), "Unavailable");
    await client.call(getLeaderboard, { gameId }).catch(({ message }) => told.push(message));
  });

  it("shows none to who lists the processes", async () => {
    const { stdout } = await promisify(execFile)("ps", ["-o", "args=", "-p", String(service.pid)]);
    assert.match(stdout, /main\.ts/);
    assertHidden("the list of processes", stdout, secrets);
  });

  it("tells none to callers, nor in pages and metrics", () => {
    for (const text of told) assertHidden("what callers are told", text, secrets);
    const all = told.join("\n");
    for (const expected of [
      /internal error; reference/,
      /score_call_seconds/,
      /<!doctype html>/i,
    ]) {
      assert.match(all, expected);
    }
  });

  it("has written none by its end", async () => {
    service.signal("SIGTERM");
    assert.equal((await service.ended).code, 0);
    const [out, err] = await Promise.all([service.output, service.errors]);
    for (const expected of [
      /"method":"UpdateScore","code":"OK"/,
      /"method":"UpdateScore","code":"UNAUTHENTICATED"/,
      /"msg":"internal error"/,
      /"msg":"Redis is unavailable"/,
      /"msg":"a connection to Postgres broke"/,
      /"msg":"stopping"/,
    ]) {
      assert.match(err, expected);
    }
    assertHidden("standard error", err, secrets);
    assertHidden("standard output", out, secrets);
    assert.doesNotMatch(out, /TOKEN/, "no token is printed for a secret that was given");
  });
});
