import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pino } from "pino";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import type { RunningService } from "../../src/app/service.ts";
import { type Backend, startEmbedded } from "./backends.ts";
import { type BareLanes, openBareLanes } from "./bare-lanes.ts";
import { clientKinds } from "./clients.ts";
import { type Caller, newGame, submit } from "./games.ts";
import { startTestService, tokenFor } from "./test-service.ts";

const allowed = "https://game.example";

describe("the web lane", () => {
  let backend: Backend;
  let service: RunningService;
  let url: string;
  before(async () => {
    backend = await startEmbedded();
    service = await startTestService(backend, {
      SCORE_CORS_ORIGINS: `${allowed}, https://other.example`,
    });
    url = `http://127.0.0.1:${service.httpPort}`;
  });
  after(async () => {
    await service?.close();
    await backend?.close();
  });

  const preflight = (origin: string, headers: string) =>
    fetch(`${url}/score.v1.ScoreService/UpdateScore`, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": headers,
      },
    });

  const read = (origin: string) =>
    fetch(`${url}/score.v1.ScoreService/GetLeaderboard`, {
      method: "POST",
      headers: { origin, "content-type": "application/json" },
      body: "{}",
    });

  it("lets pages of the allowed origins call it, with a token", async () => {
    for (const origin of [allowed, "https://other.example"]) {
      const answer = await preflight(origin, "authorization,content-type,connect-timeout-ms");
      assert.equal(answer.status, 204);
      assert.equal(answer.headers.get("access-control-allow-origin"), origin);
      assert.match(answer.headers.get("access-control-allow-methods") ?? "", /\bPOST\b/);
      const headers = answer.headers.get("access-control-allow-headers")?.toLowerCase().split(",");
      for (const header of ["authorization", "content-type", "x-grpc-web", "connect-timeout-ms"]) {
        assert.ok(headers?.includes(header), `${header} in ${headers}`);
      }
      const call = await read(origin);
      assert.equal(call.headers.get("access-control-allow-origin"), origin);
      const exposed = call.headers.get("access-control-expose-headers")?.toLowerCase() ?? "";
      for (const header of ["grpc-status", "grpc-message", "grpc-status-details-bin"]) {
        assert.ok(exposed.includes(header), `${header} in ${exposed}`);
      }
    }
  });

  it("tells pages of other origins nothing that their browser would let them see", async () => {
    for (const origin of [
      "https://evil.example",
      "http://game.example",
      `${allowed}.evil`,
      "null",
    ]) {
      for (const answer of [await preflight(origin, "content-type"), await read(origin)]) {
        assert.equal(answer.headers.get("access-control-allow-origin"), null, origin);
        assert.equal(answer.headers.get("access-control-allow-credentials"), null);
      }
    }
  });

  it("says that it is alive and ready, and that nothing may keep that answer", async () => {
    for (const [path, text] of [
      ["healthz", "ok\n"],
      ["readyz", "ready\n"],
    ]) {
      const answer = await fetch(`${url}/${path}`);
      assert.equal(answer.status, 200);
      assert.equal(await answer.text(), text);
      assert.equal(answer.headers.get("cache-control"), "no-store");
    }
    assert.equal((await fetch(`${url}/no-such-page`)).status, 404);
  });

  it("counts calls by lane, method and code", async () => {
    const server = { token: await tokenFor("server", "game-server") };
    const admin = { token: await tokenFor("admin", "operator") };
    for (const kind of clientKinds) {
      const caller: Caller = { client: kind.open(service), server, admin };
      const gameId = await newGame(caller);
      const counts = async () => [
        await calls(kind.lane, "UpdateScore", "OK"),
        await calls(kind.lane, "UpdateScore", "UNAUTHENTICATED"),
        await calls(kind.lane, "GetLeaderboard", "NOT_FOUND"),
      ];
      const [ok, refused, unknown] = await counts();
      assert.ok(ok !== undefined && refused !== undefined && unknown !== undefined);
      await submit(caller, { gameId });
      await submit(caller, { gameId });
      await assert.rejects(submit(caller, { gameId }, {}));
      const { getLeaderboard } = ScoreService.method;
      await assert.rejects(caller.client.call(getLeaderboard, { gameId: "no-such-game" }));
      assert.deepEqual(await counts(), [ok + 2, refused + 1, unknown + 1]);
      caller.client.close();
    }
  });

  const calls = async (lane: string, method: string, code: string) => {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const line = metrics
      .split("\n")
      .find((text) =>
        text.startsWith(
          `score_call_seconds_count{lane="${lane}",method="${method}",code="${code}"} `,
        ),
      );
    return Number(line?.split(" ").at(-1) ?? 0);
  };
});

describe("the page", () => {
  let lanes: BareLanes;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "score-test-"));
    const webRoot = join(folder, "dist");
    await mkdir(webRoot);
    await writeFile(join(webRoot, "index.html"), "<p>the page");
    await writeFile(join(folder, "secret.html"), "not the page");
    lanes = await openBareLanes({ rooms: {}, log: pino({ level: "silent" }), webRoot });
  });
  after(async () => {
    await lanes?.close();
    await rm(folder, { recursive: true });
  });

  it("runs only scripts of its own, talks only to its own service, and is in no frame", async () => {
    for (const path of ["", "index.html", "no-such-page", "healthz", "metrics"]) {
      const answer = await fetch(`http://127.0.0.1:${lanes.httpPort}/${path}`);
      const policy = new Map(
        (answer.headers.get("content-security-policy") ?? "").split("; ").map((directive) => {
          const [name = "", ...sources] = directive.split(" ");
          return [name, sources.join(" ")];
        }),
      );
      assert.equal(policy.get("default-src"), "'none'");
      for (const name of ["script-src", "style-src", "img-src", "connect-src"]) {
        assert.equal(policy.get(name), "'self'", `${name} of /${path}`);
      }
      for (const name of ["base-uri", "form-action", "frame-ancestors"]) {
        assert.equal(policy.get(name), "'none'", `${name} of /${path}`);
      }
      assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
      assert.equal(answer.headers.get("referrer-policy"), "no-referrer");
    }
  });

  it("is what is in its folder, and nothing beside it", async () => {
    const url = `http://127.0.0.1:${lanes.httpPort}`;
    assert.equal(await (await fetch(url)).text(), "<p>the page");
    for (const path of ["..%2fsecret.html", "%2e%2e/secret.html", "..%5csecret.html"]) {
      assert.equal((await fetch(`${url}/${path}`)).status, 404, path);
    }
  });
});
