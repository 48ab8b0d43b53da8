import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { Code } from "@connectrpc/connect";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { type Caller, newGame, submit } from "../lanes/games.ts";
import { GrpcClient } from "../lanes/grpc-client.ts";
import { testSecretText, tokenFor } from "../lanes/test-service.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres-server.ts";
import { newFolder, ServiceProcess } from "./service-process.ts";

const { watchLeaderboard } = ScoreService.method;

describe("a service whose Postgres is silent", () => {
  let folder: Awaited<ReturnType<typeof newFolder>>;
  let postgres: PostgresServer;
  let service: ServiceProcess;
  let client: GrpcClient;
  let caller: Caller;
  before(async () => {
    [folder, postgres] = await Promise.all([newFolder(), startPostgres()]);
  });
  after(async () => {
    await postgres?.close();
    await folder?.remove();
  });
  beforeEach(async () => {
    service = await ServiceProcess.start({
      DATABASE_URL: await postgres.createDatabase(),
      SCORE_DATA_DIR: folder.path,
      SCORE_JWT_SECRET: testSecretText,
      SCORE_LOG_LEVEL: "warn",
    });
    client = new GrpcClient(service.ports.grpcPort);
    caller = {
      client,
      server: { token: await tokenFor("server", "game-server") },
      admin: { token: await tokenFor("admin", "operator") },
    };
  });
  afterEach(async () => {
    client?.close();
    await service?.close();
    await postgres.resume();
  });

  it("stops within 10 s: ends its watches at once, and says what it cuts", async () => {
    const gameId = await newGame(caller);
    const watch = client.watch(watchLeaderboard, { gameId });
    await watch.next();
    await postgres.pause();
    const update = assert.rejects(submit(caller, { gameId }), { code: Code.Unavailable });
    // It came later on the same connection, and needs no ledger.
    const nobody = { ...caller, server: { token: "nonsense" } };
    await assert.rejects(submit(nobody, { gameId }), { code: Code.Unauthenticated });

    const began = performance.now();
    service.signal("SIGTERM");
    await assert.rejects(lastOf(watch), { code: Code.Unavailable });
    const watchEndedMs = performance.now() - began;
    await update;
    assert.deepEqual(await service.ended, { code: 0, signal: null });
    const endedMs = performance.now() - began;
    assert.ok(watchEndedMs < 1_000, `the watch ended after ${watchEndedMs} ms`);
    assert.ok(endedMs < 10_000, `ended after ${endedMs} ms`);
    assert.match(await service.errors, /not all has ended within 9000 ms; the rest is cut/);
  });
});

async function lastOf(watch: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of watch);
}
