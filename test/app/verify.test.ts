import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { RunningService } from "../../src/app/service.ts";
import { type Backend, startServers } from "../lanes/backends.ts";
import { type Caller, newGame, submitAll } from "../lanes/games.ts";
import { GrpcClient } from "../lanes/grpc-client.ts";
import { newId } from "../lanes/lane-suite.ts";
import { RedisBoard } from "../lanes/redis-board.ts";
import { startTestService, testSecretText, tokenFor } from "../lanes/test-service.ts";
import { freePort } from "../servers/free-port.ts";
import { runProgram } from "./program.ts";

describe("npm run verify", { timeout: 120_000 }, () => {
  let backend: Backend;
  let service: RunningService;
  let client: GrpcClient;
  let caller: Caller;
  before(async () => {
    backend = await startServers();
    service = await startTestService(backend);
    client = new GrpcClient(service.grpcPort);
    caller = {
      client,
      server: { token: await tokenFor("server", "game-server") },
      admin: { token: await tokenFor("admin", "operator") },
    };
  });
  after(async () => {
    client?.close();
    await service?.close();
    await backend?.close();
  });

  const verify = (...args: string[]) =>
    runProgram("verify.ts", ["--address", `127.0.0.1:${service.grpcPort}`, ...args], {
      SCORE_JWT_SECRET: testSecretText,
    });

  it("says that a board is equal, and ends with 0", async () => {
    const gameId = await newGame(caller);
    await submitAll(caller, gameId, [["ada", 5]]);
    assert.deepEqual(await verify("--game", gameId), {
      code: 0,
      stdout: `${gameId}/main: 1 players compared, the ranking is the ledger's\n`,
      stderr: `${gameId}/main: 1 of 1 players compared\n`,
    });
    const { code, stdout } = await verify("--all");
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^${gameId}/main: 1 players`, "m"));
  });

  it("shows what differs and ends with 1, until it has built that anew", async (t) => {
    const gameId = await newGame(caller, { boards: [{ boardId: "main" }, { boardId: "other" }] });
    const [ann = "", bob = ""] = [newId("a"), newId("b")];
    await submitAll(caller, gameId, [
      [ann, 5],
      [bob, 3],
    ]);
    const board = await RedisBoard.of(backend.env.REDIS_URL ?? "", ann);
    t.after(() => board.close());
    await board.setScore(ann, 2);
    await board.removeRecord(bob);
    const wrong = await verify("--game", gameId);
    assert.equal(wrong.code, 1);
    const lines = wrong.stdout.replaceAll(/ {2,}/g, "  ").split("\n");
    const damaged = lines.findIndex((line) => line.endsWith("2 players compared, 3 differences"));
    assert.deepEqual(
      lines
        .slice(damaged + 1, damaged + 5)
        .map((line) => line.replaceAll(/(seq|version) \d+/g, "$1 .")),
      [
        "  player  what  ledger  ranking",
        `  ${ann}  other score  5 points, seq ., version .  2 points, seq ., version .`,
        `  ${bob}  missing in the ranking  3 points, seq ., version .  -`,
        `  ${bob}  too much in the ranking  3 points, seq ., version .  3 points, seq .`,
      ],
    );
    assert.match(wrong.stdout, /^to build anew what differs, add --rebuild$/m);

    const healed = await verify("--game", gameId, "--rebuild");
    assert.equal(healed.code, 0);
    assert.match(healed.stdout, /\/(main|other): 2 players built anew in \d+\.\d s\n/);
    assert.equal((await verify("--game", gameId, "--board", "main")).code, 0);
  });

  it("ends with 2 and a line when it can't tell", async () => {
    const token = await tokenFor("server", "game-server");
    const game = ["--game", newId("game")];
    const nowhere = `127.0.0.1:${await freePort()}`;
    for (const [args, said] of [
      [game, /^verify: NOT_FOUND: there is no game game-\S+$/m],
      [[...game, "--address", nowhere], /^verify: UNAVAILABLE: .*\(asked 127.0.0.1:\d+\)$/m],
      [[...game, "--ca", "/nowhere.pem"], /^verify: ENOENT: .*\/nowhere.pem/m],
      [[], /^verify: usage: npm run verify -- --game ID/m],
      [[...game, "--all"], /^verify: usage: /m],
      [["--board", "main"], /^verify: usage: /m],
      [[...game, "--bord", "main"], /^verify: Unknown option '--bord'/m],
    ] as const) {
      const { code, stdout, stderr } = await verify(...args);
      assert.match(stderr, said);
      assert.equal(code, 2, stderr);
      assert.equal(stdout, "");
    }
    const address = ["--address", `127.0.0.1:${service.grpcPort}`];
    const denied = await runProgram("verify.ts", [...game, ...address], { ADMIN_TOKEN: token });
    assert.match(denied.stderr, /^verify: PERMISSION_DENIED: the role admin is needed$/m);
    assert.equal(denied.code, 2);
    const keys = { SCORE_JWKS_URL: "https://keys.example.com" };
    const { code, stderr } = await runProgram("verify.ts", game, keys);
    assert.match(
      stderr,
      /^verify: with SCORE_JWKS_URL the tokens come from whoever holds the keys$/m,
    );
    assert.equal(code, 2);
  });
});
