import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { AdminService } from "../../gen/score/v1/admin_pb.js";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import type { RunningService } from "../../src/app/service.ts";
import { type Backend, startServers } from "../lanes/backends.ts";
import { eventually } from "../lanes/eventually.ts";
import { type Caller, newGame, submit } from "../lanes/games.ts";
import { GrpcClient } from "../lanes/grpc-client.ts";
import { startTestService, tokenFor } from "../lanes/test-service.ts";
import { ensureInstalled } from "../servers/install.ts";
import { runProgram } from "./program.ts";
import { query } from "./query.ts";
import { newFolder } from "./service-process.ts";

const { putGame } = AdminService.method;
const { getStanding } = ScoreService.method;

/** The steps of docs/operations.md, "Old events to files". */
describe("npm run eras, beside a running service", { timeout: 120_000 }, () => {
  let backend: Backend;
  let folder: Awaited<ReturnType<typeof newFolder>>;
  let service: RunningService;
  let caller: Caller & { readonly client: GrpcClient };
  let gameId: string;
  before(async () => {
    [backend, folder] = await Promise.all([startServers(), newFolder()]);
    service = await startTestService(backend);
    caller = {
      client: new GrpcClient(service.grpcPort),
      server: { token: await tokenFor("server", "game-server") },
      admin: { token: await tokenFor("admin", "operator") },
    };
    gameId = await newGame(caller);
  });
  after(async () => {
    caller?.client.close();
    await service?.close();
    await Promise.all([backend?.close(), folder?.remove()]);
  });

  const eras = (...args: string[]) => runProgram("eras.ts", args, backend.env);
  const statesOf = async () =>
    (await eras()).stdout
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/ +/).at(-1));
  const grow = async () => {
    const { length } = await statesOf();
    await query(
      backend.env.DATABASE_URL ?? "",
      `update era set began_at = began_at - interval '91 days'
        where era = (select era from ledger)`,
    );
    await eventually("the next era began", async () => (await statesOf()).length > length);
  };
  const scoreOn = async (boardId: string) => {
    const request = { gameId, boardId, playerId: "ada" };
    const { entry } = await caller.client.call(getStanding, request);
    return Number(entry?.score);
  };
  /** A board that is filled from what is there, and ada's score on it. */
  const scoreOnNew = async (boardIds: readonly string[]) => {
    const boards = ["main", ...boardIds].map((boardId) => ({ boardId }));
    await caller.client.call(putGame, { game: { gameId, boards } }, caller.admin);
    const boardId = boardIds.at(-1) ?? assert.fail();
    await eventually("the new board is filled", () =>
      scoreOn(boardId).then(
        () => true,
        () => false,
      ),
    );
    return scoreOn(boardId);
  };
  const tool = async (name: string, ...args: string[]) => {
    const { initdb } = await ensureInstalled();
    return promisify(execFile)(join(dirname(await realpath(initdb)), name), args);
  };

  it("lists them, takes an old one out into a file and puts it back", async () => {
    await submit(caller, { gameId, playerId: "ada", what: { case: "points", value: 1n } });
    await grow();
    await submit(caller, { gameId, playerId: "ada", what: { case: "points", value: 10n } });
    assert.deepEqual(await statesOf(), ["remembered", "current"]);
    const early = await eras("--detach", "1");
    assert.deepEqual([early.code, early.stderr], [1, "eras: era 1 is remembered, not old\n"]);
    await grow();
    await submit(caller, { gameId, playerId: "ada", what: { case: "points", value: 100n } });

    assert.equal((await eras("--detach", "1")).code, 0);
    assert.deepEqual(await statesOf(), ["detached", "remembered", "current"]);
    const database = backend.env.DATABASE_URL ?? "";
    const file = join(folder.path, "score_event_1.dump");
    await tool("pg_dump", database, "--format=custom", "--table=score_event_1", `--file=${file}`);
    await query(database, "drop table score_event_1");
    assert.equal(await scoreOn("main"), 111);
    assert.equal(await scoreOnNew(["without"]), 110);

    const missing = await eras("--attach", "1");
    assert.deepEqual(
      [missing.code, missing.stderr],
      [1, "eras: there is no table score_event_1\n"],
    );
    await tool("pg_restore", `--dbname=${database}`, file);
    assert.equal((await eras("--attach", "1")).code, 0);
    assert.deepEqual(await statesOf(), ["old", "remembered", "current"]);
    assert.equal(await scoreOnNew(["without", "with"]), 111);
  });

  it("tells what it does not understand, and ends with 2", async () => {
    for (const args of [["--detach", "x"], ["--detach", "1", "--attach", "1"], ["--all"]]) {
      const { code, stderr } = await eras(...args);
      assert.equal(code, 2, args.join(" "));
      assert.match(stderr, /^eras: /);
    }
    const { code, stderr } = await eras("--detach", "99");
    assert.deepEqual([code, stderr], [1, "eras: there is no era 99\n"]);
  });
});
