import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import pg from "pg";
import { AdminService, Aggregation } from "../../gen/score/v1/admin_pb.js";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import type { RunningService } from "../../src/app/service.ts";
import { type Backend, startEmbedded } from "../lanes/backends.ts";
import { eventually } from "../lanes/eventually.ts";
import { type Caller, newGame, submit, submitAll } from "../lanes/games.ts";
import { GrpcClient } from "../lanes/grpc-client.ts";
import { newId } from "../lanes/lane-suite.ts";
import { RedisBoard } from "../lanes/redis-board.ts";
import { startTestService, tokenFor } from "../lanes/test-service.ts";
import { freePort } from "../servers/free-port.ts";
import { KeyServer, newSigner } from "../servers/key-server.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres-server.ts";
import { type RedisServer, startRedis } from "../servers/redis-server.ts";
import { query } from "./query.ts";
import { comesTo, scrape } from "./scrape.ts";

const { putGame, verifyRanking } = AdminService.method;

const more = (than: number) => (value: number) => value > than;

describe("the metrics of a service on real servers", { timeout: 200_000 }, () => {
  let postgres: PostgresServer;
  let redis: RedisServer;
  let database: string;
  let service: RunningService;
  let caller: Caller & { readonly client: GrpcClient };
  let gameId: string;
  before(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  });
  beforeEach(async () => {
    database = await postgres.createDatabase();
    service = await startTestService({
      env: { DATABASE_URL: database, REDIS_URL: redis.url, SCORE_MAX_WATCHES: "1" },
      close: async () => {},
    });
    caller = {
      client: new GrpcClient(service.grpcPort),
      server: { token: await tokenFor("server", "game-server") },
      admin: { token: await tokenFor("admin", "operator") },
    };
    gameId = await newGame(caller);
  });
  afterEach(async () => {
    caller?.client.close();
    await service?.close();
  });
  after(async () => {
    await postgres?.close();
    await redis?.close();
  });

  const send = () => submit(caller, { gameId });
  /** Submits until the line is as wanted: what shows only while scores come in. */
  const sendUntil = (line: string, isWanted: (value: number) => boolean) =>
    eventually(line, async () => {
      await send().catch(() => {});
      return isWanted((await scrape(service, line)) ?? Number.NaN);
    });
  it("say that all is well, and which version this is", async () => {
    await send();
    for (const name of ["score_ready", "score_ledger_up", "score_ranking_up"]) {
      await comesTo(service, name, 1);
    }
    for (const name of ["score_ranking_boards_behind", "score_ranks_missing_total"]) {
      assert.equal(await scrape(service, name), 0);
    }
    assert.equal(await scrape(service, "score_ledger_queued_events_max"), 20_000);
    assert.equal(await scrape(service, `score_build_info{version="0.1.0"}`), 1);
    assert.ok(((await scrape(service, "score_ledger_commit_seconds_count")) ?? 0) >= 1);
    await comesTo(service, "score_ranking_checkpoint_lag_events", 0);
  });

  it("tell of a Redis that is down, and that it is back", async () => {
    await send();
    await redis.kill();
    await sendUntil(`score_ranking_failures_total{kind="unreachable"}`, more(0));
    await sendUntil("score_ranks_missing_total", more(0));
    await comesTo(service, "score_ranking_up", 0);
    await comesTo(service, "score_ranking_boards_behind", 1);
    await comesTo(service, "score_ready", 0);
    assert.equal(await scrape(service, "score_ledger_up"), 1);
    await caller.client.call(AdminService.method.deleteGame, { gameId }, caller.admin);
    await comesTo(service, "score_deletions_pending", more(0));
    await redis.start();
    await comesTo(service, "score_ranking_up", 1);
    await comesTo(service, "score_ranking_boards_behind", 0);
    await comesTo(service, "score_deletions_pending", 0);
    await comesTo(service, "score_ready", 1);
  });

  it("tell of a Redis that was emptied, is full, is silent, or became a replica", async () => {
    const say = (command: string) => {
      const [name = "", ...args] = command.split(" ");
      return redis.command(name, ...args);
    };
    await send();
    await redis.flush();
    await sendUntil(`score_ranking_catch_ups_total{kind="rebuild"}`, more(1));
    for (const [kind, harm, heal] of [
      ["full", "CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"],
      ["read_only", `REPLICAOF 127.0.0.1 ${await freePort()}`, "REPLICAOF NO ONE"],
    ] as const) {
      await say(harm);
      await sendUntil(`score_ranking_failures_total{kind="${kind}"}`, more(0));
      await say(heal);
      await comesTo(service, "score_ranking_boards_behind", 0);
    }
    await redis.pause();
    await sendUntil(`score_ranking_failures_total{kind="timeout"}`, more(0));
    await redis.resume();
    await comesTo(service, "score_ranking_boards_behind", 0);
  });

  it("tell of a ledger that is down, and of commits whose outcome is unknown", async () => {
    await send();
    await postgres.kill();
    await assert.rejects(send());
    await comesTo(service, "score_ledger_up", 0);
    await comesTo(service, "score_ready", 0);
    for (const kind of ["unavailable", "unknown"]) {
      await comesTo(service, `score_ledger_failures_total{kind="${kind}"}`, more(0));
    }
    const refusal = `score_refusals_total{method="UpdateScore",reason="ledger_unavailable"}`;
    assert.equal(await scrape(service, refusal), 1);
    await postgres.start();
    await comesTo(service, "score_ledger_up", 1);
    await comesTo(service, "score_ready", 1);
  });

  it("tell of another instance that fell silent, and of what it holds back", async () => {
    await send();
    await query(database, `insert into instance values ('ghost', 0, now() + interval '1 hour')`);
    await comesTo(service, "score_ranking_checkpoint_lag_events", more(0));
    assert.equal(await scrape(service, "score_instances_lost_total"), 0);
    await query(
      database,
      `update instance set seen_at = now() - interval '1 minute'
      where instance_id = 'ghost'`,
    );
    await comesTo(service, "score_instances_lost_total", 1);
    await comesTo(service, "score_ranking_checkpoint_lag_events", 0);
  });

  it("tell of players whom a comparison finds otherwise than in the ledger", async () => {
    const [wrong, right] = [newId("wrong"), newId("right")];
    await submitAll(caller, gameId, [
      [wrong, 5],
      [right, 8],
    ]);
    const compare = async () => {
      await Array.fromAsync(caller.client.watch(verifyRanking, { gameId }, caller.admin));
    };
    await compare();
    assert.equal(await scrape(service, "score_ranking_differences_total"), 0);
    const board = await RedisBoard.of(redis.url, wrong);
    await board.setScore(wrong, 9);
    board.close();
    await compare();
    assert.equal(await scrape(service, "score_ranking_differences_total"), 1);
  });

  it("tell of boards that are being filled from history", async () => {
    await send();
    const boards = [{ boardId: "main" }, { boardId: "best", aggregation: Aggregation.BEST }];
    const holder = new pg.Client({ connectionString: database });
    await holder.connect();
    try {
      await holder.query("begin; lock table standing in exclusive mode");
      await caller.client.call(putGame, { game: { gameId, boards } }, caller.admin);
      await comesTo(service, "score_boards_filling", 1);
    } finally {
      await holder.end();
    }
    await comesTo(service, "score_boards_filling", 0);
  });

  it("tell how long watchers wait for a change, and how many are refused", async () => {
    const { watchLeaderboard } = ScoreService.method;
    const frames = caller.client.watch(watchLeaderboard, { gameId });
    await frames.next();
    assert.equal(await scrape(service, "score_watches"), 1);
    assert.equal(await scrape(service, "score_watches_max"), 1);
    await send();
    await frames.next();
    assert.ok(((await scrape(service, "score_watch_delay_seconds_count")) ?? 0) >= 1);
    await assert.rejects(caller.client.watch(watchLeaderboard, { gameId }).next());
    const refusal = `score_refusals_total{method="WatchLeaderboard",reason="too_many_watches"}`;
    assert.equal(await scrape(service, refusal), 1);
    await frames.return(undefined);
  });

  it("tell what is wrong with tokens that are not taken", async () => {
    const expired = await tokenFor("server", "game-server", "*", "-1m");
    const nobody = await tokenFor("server", "a name with spaces");
    const [head, body] = expired.split(".");
    for (const [reason, options] of [
      ["jwt_expired", { token: expired }],
      ["jws_invalid", { token: "nonsense" }],
      ["jws_signature_verification_failed", { token: `${head}.${body}.AAAA` }],
      ["claims", { token: nobody }],
      ["claims", { authorization: "Basic YWRhOmFkYQ==" }],
    ] as const) {
      const line = `score_token_refusals_total{reason="${reason}"}`;
      const earlier = (await scrape(service, line)) ?? 0;
      await assert.rejects(submit(caller, { gameId }, options));
      assert.equal(await scrape(service, line), earlier + 1, reason);
    }
  });
});

describe("the metrics of a service with keys from an address", () => {
  let backend: Backend;
  let endpoint: KeyServer;
  let service: RunningService;
  let client: GrpcClient;
  before(async () => {
    [backend, endpoint] = await Promise.all([startEmbedded(), KeyServer.start()]);
    const keys = { SCORE_JWT_SECRET: "", SCORE_JWKS_URL: endpoint.url.href };
    service = await startTestService(backend, keys);
    client = new GrpcClient(service.grpcPort);
  });
  after(async () => {
    client?.close();
    await service?.close();
    await endpoint?.close();
    await backend?.close();
  });

  it("tell that the address does not answer, and that it does again", async () => {
    const signer = await newSigner("the-key");
    const token = await signer.token({ sub: "game-server", role: "server", game: "*" });
    const send = () => submit({ client, server: { token }, admin: {} }, { gameId: "chess" });
    await assert.rejects(send());
    assert.equal(await scrape(service, "score_keys_up"), 0);
    assert.equal(await scrape(service, "score_keys_failures_total"), 1);
    endpoint.serveKeys(signer);
    const isTaken = () =>
      send().then(
        () => true,
        () => false,
      );
    await eventually("the token is taken", isTaken);
    assert.equal(await scrape(service, "score_keys_up"), 1);
    const age = await scrape(service, "score_keys_age_seconds");
    assert.ok(age !== undefined && age > 0 && age < 30, `${age} s`);
  });
});
