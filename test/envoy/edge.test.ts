import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { get, request } from "node:http";
import { connect } from "node:http2";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { type Certificate, makeCertificate } from "../lanes/certificate.ts";
import { eventually } from "../lanes/eventually.ts";
import { newGame, submit } from "../lanes/games.ts";
import { GrpcClient } from "../lanes/grpc-client.ts";
import { type EnvoyScene, openEnvoyScene } from "./envoy-scene.ts";

const allowed = "https://game.example";

describe("the edge", () => {
  let scene: EnvoyScene;
  let gameId: string;
  before(async () => {
    scene = await openEnvoyScene({}, { settings: { ENVOY_CORS_ORIGINS: [allowed] } });
    gameId = await newGame(scene.caller);
  });
  after(() => scene?.close());

  const preflight = (path: string, origin: string) =>
    fetch(`${scene.envoy.url}${path}`, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,x-grpc-web",
      },
    });
  const call = (origin: string) =>
    fetch(`${scene.envoy.url}/score.v1.ScoreService/GetStanding`, {
      method: "POST",
      headers: { origin, "content-type": "application/grpc-web+proto", "x-grpc-web": "1" },
      body: new Uint8Array(5),
    });

  it("lets pages of the allowed origins call, and see status, message and details", async () => {
    for (const path of ["/score.v1.ScoreService/UpdateScore", `/v1/games/${gameId}/scores`]) {
      const { status, headers } = await preflight(path, allowed);
      assert.equal(status, 200);
      assert.equal(headers.get("access-control-allow-origin"), allowed);
      assert.match(headers.get("access-control-allow-methods") ?? "", /POST/);
      for (const name of ["authorization", "content-type", "x-grpc-web", "grpc-timeout"]) {
        assert.ok(headers.get("access-control-allow-headers")?.includes(name), name);
      }
    }
    const rest = await fetch(`${scene.envoy.url}/v1/games/${gameId}/leaderboard`, {
      headers: { origin: allowed },
    });
    assert.equal(rest.headers.get("access-control-allow-origin"), allowed);
    const { headers } = await call(allowed);
    assert.equal(headers.get("grpc-status"), "3");
    const exposed = headers.get("access-control-expose-headers") ?? "";
    for (const name of ["grpc-status", "grpc-message", "grpc-status-details-bin", "retry-after"]) {
      assert.ok(exposed.split(", ").includes(name), `${name} in ${exposed}`);
    }
  });

  it("tells pages of other origins nothing that their browser would let them see", async () => {
    for (const origin of ["https://evil.example", `${allowed}.evil`, "null"]) {
      for (const answer of [
        await preflight("/score.v1.ScoreService/UpdateScore", origin),
        await call(origin),
      ]) {
        assert.equal(answer.headers.get("access-control-allow-origin"), null, origin);
      }
    }
  });

  it("keeps what is for operators to itself, and shows the page", async () => {
    for (const path of ["/metrics", "//metrics", "/x/../metrics", "/%6Detrics", "/readyz"]) {
      assert.equal(await statusOf(scene.envoy.port, path), 404, path);
    }
    const page = await fetch(scene.envoy.url);
    assert.equal(page.status, 200);
    assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'/);
  });

  it("writes a line of JSON for each call, without the query", async () => {
    await fetch(
      `${scene.envoy.url}/v1/games/${gameId}/leaderboard?limit=3&around_player_id=secret-name`,
    );
    const lines = async () =>
      (await scene.envoy.log())
        .split("\n")
        .filter((line) => line.includes(`"/v1/games/${gameId}/leaderboard"`))
        .map((line) => JSON.parse(line));
    await eventually("the call is logged", async () => (await lines()).at(-1)?.status === 404);
    const line = (await lines()).at(-1);
    assert.equal(line.status, 404);
    assert.equal(line.address, "127.0.0.1");
    assert.equal(line.tries, 1);
    assert.equal(line.method, "GET");
    await fetch(`${scene.envoy.url}/no-such-page`, {
      headers: { "x-envoy-original-method": "FORGED", "x-envoy-original-path": "/forged" },
    });
    const page = async () =>
      (await scene.envoy.log()).split("\n").find((entry) => entry.includes('"/no-such-page"'));
    await eventually("the page is logged", async () => (await page()) !== undefined);
    assert.equal(JSON.parse((await page()) ?? "").method, "GET");
    assert.ok(!/forged/i.test(await scene.envoy.log()));
    assert.ok(!(await scene.envoy.log()).includes("secret-name"));
  });

  it("leaves an idle connection before the service does, so that no call meets its end", async () => {
    const stat = async (name: string) => {
      const text = await scene.envoy.admin(`/stats?filter=^cluster.score-web.${name}$`);
      return Number(text.split(": ")[1]);
    };
    const idle = await stat("upstream_cx_idle_timeout");
    const broken = await stat("upstream_cx_destroy_remote");
    assert.equal((await fetch(scene.envoy.url)).status, 200);
    await eventually("Envoy leaves", async () => (await stat("upstream_cx_idle_timeout")) > idle);
    assert.equal(await stat("upstream_cx_destroy_remote"), broken);
  });

  it("refuses headers that proxies and services may take for others", async () => {
    const answer = await fetch(scene.envoy.url, { headers: { x_forwarded_for: "10.0.0.1" } });
    assert.equal(answer.status, 400);
  });
});

describe("the caller's address behind Envoy", () => {
  const read = (scene: EnvoyScene, localAddress: string, forwardedFor?: string) =>
    statusOf(scene.envoy.port, "/v1/games/chess/leaderboard", {
      localAddress,
      headers: forwardedFor === undefined ? {} : { "x-forwarded-for": forwardedFor },
    });

  it("counts for the limit, when Envoy is trusted, and can't be forged", async () => {
    const env = { SCORE_ANONYMOUS_CALLS_PER_SECOND: "3", SCORE_TRUSTED_PROXIES: "127.0.0.1" };
    const scene = await openEnvoyScene(env);
    try {
      const own = await Promise.all(
        Array.from({ length: 9 }, (_, n) => read(scene, "127.0.0.2", `10.0.0.${n}`)),
      );
      const others = await read(scene, "127.0.0.3");
      assert.ok(own.includes(429), String(own));
      assert.equal(others, 404);
    } finally {
      await scene.close();
    }
  });

  it("is Envoy's own, when that is not trusted", async () => {
    const scene = await openEnvoyScene({ SCORE_ANONYMOUS_CALLS_PER_SECOND: "3" });
    try {
      const answers = await Promise.all(
        Array.from({ length: 9 }, (_, n) => read(scene, `127.0.0.${n + 2}`)),
      );
      assert.ok(answers.includes(429), String(answers));
    } finally {
      await scene.close();
    }
  });
});

describe("envoy.yaml's block for TLS", () => {
  let certificate: Certificate;
  let scene: EnvoyScene;
  before(async () => {
    certificate = await makeCertificate();
    const yaml = await readFile(new URL("../../envoy.yaml", import.meta.url), "utf8");
    const withTls = yaml
      .replace(/(?<=# TLS: [^\n]*\n)(?: {10}# [^\n]*\n)+/, (block) =>
        block.replaceAll("          # ", "          "),
      )
      .replace("tls/cert.pem", certificate.certFile)
      .replace("tls/key.pem", certificate.keyFile);
    assert.notEqual(withTls, yaml);
    scene = await openEnvoyScene({}, { yaml: withTls });
  });
  after(async () => {
    await scene?.close();
    await certificate?.close();
  });

  it("serves gRPC, and the page over HTTP/2", async () => {
    const { server, admin } = scene.caller;
    const client = new GrpcClient(scene.envoy.port, certificate.ca);
    const gameId = await newGame({ client, server, admin });
    await submit({ client, server, admin }, { gameId });
    const page = await client.call(ScoreService.method.getLeaderboard, { gameId });
    assert.equal(page.entries[0]?.playerId, "ada");
    client.close();
    const session = connect(`https://localhost:${scene.envoy.port}`, { ca: certificate.ca });
    const stream = session.request({ ":path": "/" });
    assert.match(await text(stream), /<main id="board">/);
    session.close();
  });
});

describe("a viewer who does not read", () => {
  let scene: EnvoyScene;
  before(async () => {
    scene = await openEnvoyScene({ SCORE_TICK_MS: "5" });
  });
  after(() => scene?.close());

  it("holds up nobody, and later sees the newest state", async () => {
    const gameId = await newGame(scene.caller);
    const path = `/v1/games/${gameId}/leaderboard:watch?limit=100`;
    const call = get({ host: "127.0.0.1", port: scene.envoy.port, path, agent: false });
    const [slow] = await new Promise<[import("node:http").IncomingMessage]>((resolve, reject) => {
      call.once("response", (response) => resolve([response]));
      call.once("error", reject);
    });
    const watch = scene.caller.client.watch(ScoreService.method.watchLeaderboard, { gameId });
    const events = Array.from({ length: 100 }, (_, n) => ({
      playerId: `player-${n}`,
      displayName: "x".repeat(64),
      what: { case: "points" as const, value: 1n },
    }));
    const { updateScores } = ScoreService.method;
    const rounds = 600;
    for (let round = 0; round < rounds; round += 1) {
      const batch = events.map((event, n) => ({ ...event, actionId: `action-${round}-${n}` }));
      await scene.caller.client.call(updateScores, { gameId, events: batch }, scene.caller.server);
    }
    const quick = async () => (await watch.next()).value?.entries[0]?.score;
    while ((await quick()) !== BigInt(rounds));
    await watch.return(undefined);

    let rest = "";
    let states = 0;
    for await (const chunk of slow.setEncoding("utf8")) {
      rest += chunk;
      const frames = rest.split("\n\n");
      rest = frames.pop() ?? "";
      states += frames.length;
      if (frames.some((frame) => frame.includes(`"score":"${rounds}"`))) break;
    }
    // Of 20 kB each: what waits in sockets and in Envoy is a part of them.
    assert.ok(states < rounds, `${states} of ${rounds} states`);
  });
});

it("the limits that envoy.yaml names are those that Envoy has", async () => {
  const scene = await openEnvoyScene();
  try {
    const clusters = JSON.parse(await scene.envoy.admin("/clusters?format=json")).cluster_statuses;
    for (const { name, circuit_breakers } of clusters) {
      const { max_requests, max_connections } = circuit_breakers.thresholds[0];
      assert.deepEqual([max_requests, max_connections], [100_000, 20_000], name);
    }
  } finally {
    await scene.close();
  }
});

function statusOf(
  port: number,
  path: string,
  options: { readonly localAddress?: string; readonly headers?: Record<string, string> } = {},
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    // fetch would normalize the path.
    const call = request({ host: "127.0.0.1", port, path, agent: false, ...options }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    call.once("error", reject).end();
  });
}
