import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it, mock } from "node:test";
import { Code } from "@connectrpc/connect";
import type { RunningService } from "../../src/app/service.ts";
import { type Backend, startEmbedded } from "../lanes/backends.ts";
import { clientKinds } from "../lanes/clients.ts";
import { submit } from "../lanes/games.ts";
import type { LaneClient } from "../lanes/lane-client.ts";
import { newId } from "../lanes/lane-suite.ts";
import { assertRefused, unauthenticated } from "../lanes/refusal.ts";
import { startTestService } from "../lanes/test-service.ts";
import { KeyServer, newSigner, type Signer } from "../servers/key-server.ts";
import { forge, wanted } from "./forged-token.ts";

const notValid = unauthenticated("the token is not valid");

/** Of a game server, for longer than any test moves the clock. */
const claims = () => ({
  sub: "game-server",
  role: "server",
  game: "*",
  jti: newId("token"),
  exp: 4e9,
});

describe("with public keys from an address", () => {
  let backend: Backend;
  let service: RunningService;
  let endpoint: KeyServer;
  let old: Signer;
  let next: Signer;
  let clients: LaneClient[];
  before(async () => {
    [old, next] = await Promise.all([newSigner("old", "RS256"), newSigner("new")]);
    backend = await startEmbedded();
  });
  beforeEach(async () => {
    const [began, beganAt] = [Date.now(), performance.now()];
    mock.timers.enable({ apis: ["Date"], now: began });
    // The clock that nobody sets goes with the one that the test does.
    mock.method(performance, "now", () => beganAt + Date.now() - began);
    endpoint = await KeyServer.start();
    endpoint.serveKeys(old);
    service = await startTestService(backend, {
      SCORE_JWT_SECRET: "",
      SCORE_JWKS_URL: endpoint.url.href,
    });
    clients = clientKinds.map(({ open }) => open(service));
  });
  afterEach(async () => {
    for (const client of clients) client.close();
    await service?.close();
    await endpoint?.close();
    mock.restoreAll();
    mock.timers.reset();
  });
  after(() => backend?.close());

  const send = (client: LaneClient, token: string) =>
    submit({ client, server: { token }, admin: {} }, { gameId: "chess" });
  /** Through every lane, the first of which is the first that sees the token. */
  const taken = async (token: string) => {
    for (const client of clients) assert.equal((await send(client, token)).duplicate, false);
  };
  const refused = async (token: string) => {
    for (const client of clients) await assertRefused(send(client, token), notValid);
  };
  const unavailable = async (token: string) => {
    for (const client of clients) {
      await assertRefused(send(client, token), {
        code: Code.Unavailable,
        reason: "KEYS_UNAVAILABLE",
        message: "the keys that verify tokens can't be fetched",
      });
    }
  };
  const later = (seconds: number) => mock.timers.tick(seconds * 1_000);

  it("a key that is withdrawn opens nothing after 60 s, the new one goes on", async () => {
    const [early, late] = [await old.token(claims()), await old.token(claims())];
    await taken(early);
    endpoint.serveKeys(next);
    later(29);
    await taken(late);
    await refused(await next.token(claims()).then((token) => `${token}x`));
    later(31);
    await refused(early);
    await refused(late);
    await refused(await old.token(claims()));
    await taken(await next.token(claims()));
  });

  it("a new key is taken without a restart, 2 s after it was still refused", async () => {
    const token = await next.token(claims());
    await taken(await old.token(claims()));
    later(2);
    await refused(token);
    endpoint.serveKeys(old, next);
    later(2);
    await taken(token);
    await taken(await old.token(claims()));
  });

  it("a flood of unknown key ids does not become one of requests, nor harm the others", async () => {
    const good = await old.token(claims());
    await taken(good);
    for (let second = 0; second < 10; second++) {
      const tokens = await Promise.all(
        Array.from({ length: 10 }, () => old.token(claims(), { kid: newId("nobody's") })),
      );
      await Promise.all(tokens.map(refused));
      await taken(good);
      later(1);
    }
    assert.ok(endpoint.requests <= 6, `${endpoint.requests} requests`);
  });

  it("an address that is down for a day stops nobody whose key is known", async () => {
    await taken(await old.token(claims()));
    endpoint.hangUp();
    for (let hour = 0; hour < 24; hour++) {
      later(3_600);
      await taken(await old.token(claims()));
    }
    await unavailable(await next.token(claims()));
    endpoint.serveKeys(next);
    later(2);
    await taken(await next.token(claims()));
    await refused(await old.token(claims()));
  });

  it("an address that was down at first is nobody's fault, and is asked again after 2 s", async () => {
    endpoint.serve(503, "down");
    await unavailable(await old.token(claims()));
    endpoint.serveKeys(old);
    later(2);
    await taken(await old.token(claims()));
  });

  it("a public key is no secret to sign with", async () => {
    const { publicPem, jwk } = old;
    for (const key of [
      publicPem,
      publicPem.trim(),
      publicPem.replaceAll("\n", "\r\n"),
      publicPem.replace(/-----.*-----|\n/g, ""),
      Buffer.from(publicPem.replace(/-----.*-----/g, ""), "base64"),
      JSON.stringify(jwk),
      JSON.stringify({ keys: [jwk] }),
      jwk.n ?? "",
      Buffer.from(jwk.n ?? "", "base64url"),
      "",
    ]) {
      for (const alg of ["HS256", "RS256"]) {
        const header = JSON.stringify({ alg, kid: "old" });
        await refused(forge({ header, payload: wanted }, key));
      }
    }
  });

  it("a token does not bring its own key, nor say where to fetch one", async () => {
    const evil = await KeyServer.start();
    const eve = await newSigner("old", "RS256");
    evil.serveKeys(eve);
    for (const header of [
      { jwk: eve.jwk },
      { jwk: eve.jwk, kid: undefined },
      { jku: evil.url.href },
      { jku: evil.url.href, kid: "eve" },
      { x5u: evil.url.href },
      { x5u: evil.url.href, kid: undefined },
      { x5c: [eve.publicPem.replace(/-----.*-----|\n/g, "")] },
      { kid: evil.url.href },
      { kid: "../../keys" },
      { kid: "' or 1=1 --" },
      { kid: "__proto__" },
    ]) {
      await refused(await eve.token(claims(), header));
    }
    assert.equal(evil.requests, 0);
    await evil.close();
  });

  it("a key is used only for the algorithm that it is for", async () => {
    const sameKey = await newSigner("old", "PS256");
    for (const alg of ["PS256", "RS512", "ES256", "none", "HS256"]) {
      const header = JSON.stringify({ alg, kid: "old" });
      await refused(forge({ header, payload: wanted }, "x"));
    }
    await refused(await sameKey.token(claims()));
  });
});
