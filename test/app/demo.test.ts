import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import type { RunningService } from "../../src/app/service.ts";
import { type Backend, startEmbedded } from "../lanes/backends.ts";
import { eventually } from "../lanes/eventually.ts";
import { GrpcClient } from "../lanes/grpc-client.ts";
import { startTestService, tokenFor } from "../lanes/test-service.ts";
import { programPath, runProgram } from "./program.ts";

describe("npm run demo", () => {
  let backend: Backend;
  let service: RunningService;
  let client: GrpcClient;
  before(async () => {
    backend = await startEmbedded();
    service = await startTestService(backend);
    client = new GrpcClient(service.grpcPort);
  });
  after(async () => {
    client?.close();
    await service?.close();
    await backend?.close();
  });

  it("says how many events are durable at a Ctrl-C that npm repeats", async (t) => {
    const demo = spawn(
      process.execPath,
      [programPath("demo.ts"), "--address", `127.0.0.1:${service.grpcPort}`],
      {
        env: { PATH: process.env.PATH, DEMO_TOKEN: await tokenFor("server", "demo", "demo") },
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    t.after(() => demo.kill("SIGKILL"));
    const said = text(demo.stderr);
    const ended = once(demo, "exit");
    await eventually("the board moves", async () => {
      const page = await client
        .call(ScoreService.method.getLeaderboard, { gameId: "demo" })
        .catch(() => undefined);
      return page !== undefined && page.entries.length > 0;
    });
    demo.kill("SIGINT");
    await pause(5);
    demo.kill("SIGINT");
    assert.deepEqual(await ended, [0, null]);
    assert.match(await said, /\n[1-9]\d* events durable\n$/);
  });

  for (const [args, env, line] of [
    [["--plyers", "3"], {}, /^demo: [^\n]*--plyers[^\n]*\n$/],
    [[], { SCORE_JWT_SECRET: "short" }, /^demo: SCORE_JWT_SECRET: [^\n]+\n$/],
    [[], { SCORE_JWKS_URL: "https://id.example/keys" }, /^demo: with SCORE_JWKS_URL [^\n]+\n$/],
  ] as const) {
    it(`ends with 2 and one line for ${JSON.stringify({ args, env })}`, async () => {
      const { code, stdout, stderr } = await runProgram("demo.ts", args, env);
      assert.match(stderr, line);
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
    });
  }
});
