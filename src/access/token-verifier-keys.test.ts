import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from "jose";
import { isScoreError } from "../model/score-error.ts";
import { type TokenKeys, TokenVerifier } from "./token-verifier.ts";

/** A key pair whose private half signs tokens. */
interface Signer {
  readonly jwk: JWK;
  readonly publicPem: string;
  token(kid?: string): Promise<string>;
}

async function newSigner(kid: string, alg = "ES256"): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return {
    jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" },
    publicPem: await exportSPKI(publicKey),
    token: (named = kid) =>
      new SignJWT({ sub: "ada", role: "player", game: "chess" })
        .setProtectedHeader({ alg, kid: named })
        .setExpirationTime("1h")
        .sign(privateKey),
  };
}

/** A token that anybody who knows `secret` can make. */
function hmacToken(secret: string, kid: string): Promise<string> {
  return new SignJWT({ sub: "eve", role: "admin", game: "*" })
    .setProtectedHeader({ alg: "HS256", kid })
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(secret));
}

function verifierFor(
  keys: TokenKeys,
  algorithms: readonly string[] = ["RS256", "PS256", "ES256", "EdDSA"],
): TokenVerifier {
  return new TokenVerifier({
    keys,
    algorithms,
    issuer: undefined,
    audience: undefined,
    now: Date.now,
  });
}

const isRefused = (error: unknown) => isScoreError(error, "unauthenticated");

function isKeysUnavailable(error: unknown): boolean {
  assert.ok(isScoreError(error, "keys_unavailable"), String(error));
  assert.equal(error.retryAfterMs, 1_000);
  assert.ok(error.cause instanceof Error);
  return true;
}

/** An endpoint of public keys whose answers the test chooses. */
async function startKeyServer() {
  let requests = 0;
  let answer = (response: ServerResponse): void => {
    response.writeHead(503).end();
  };
  const server = createServer((_request, response) => {
    requests++;
    answer(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const serve = (status: number, body: string) => {
    answer = (response) => {
      response.writeHead(status, { "content-type": "application/json" }).end(body);
    };
  };
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`),
    requests: () => requests,
    serve,
    serveKeys: (...signers: Signer[]) =>
      serve(200, JSON.stringify({ keys: signers.map(({ jwk }) => jwk) })),
    serveNothing: () => {
      answer = () => {};
    },
    hangUp: () => {
      answer = (response) => response.destroy();
    },
    async close() {
      server.closeAllConnections();
      if (server.listening) await new Promise((closed) => server.close(closed));
    },
  };
}

describe("tokens checked with a set of public keys", () => {
  for (const alg of ["RS256", "PS256", "ES256", "EdDSA"]) {
    it(`are taken when a key of the set signed them with ${alg}`, async () => {
      const [first, second] = [await newSigner("first", alg), await newSigner("second", alg)];
      const verifier = verifierFor({ jwks: { keys: [first.jwk, second.jwk] } });
      assert.equal((await verifier.verify(await first.token())).subject, "ada");
      assert.equal((await verifier.verify(await second.token())).subject, "ada");
    });
  }

  it("are refused when another key signed them, under any key id", async () => {
    const [known, stranger] = [await newSigner("known"), await newSigner("stranger")];
    const verifier = verifierFor({ jwks: { keys: [known.jwk] } });
    await assert.rejects(verifier.verify(await stranger.token()), isRefused);
    await assert.rejects(verifier.verify(await stranger.token("known")), isRefused);
  });

  it("are refused when a public key served as the HMAC secret", async () => {
    const { jwk, publicPem } = await newSigner("rsa", "RS256");
    for (const secret of [publicPem, publicPem.trim(), JSON.stringify(jwk), jwk.n ?? ""]) {
      const token = await hmacToken(secret, "rsa");
      for (const algorithms of [["RS256"], ["RS256", "HS256"]]) {
        const verifier = verifierFor({ jwks: { keys: [jwk] } }, algorithms);
        await assert.rejects(verifier.verify(token), isRefused);
      }
    }
  });

  it("are refused with an algorithm that is not allowed, whatever the set has", async () => {
    const signer = await newSigner("rsa", "RS256");
    const verifier = verifierFor({ jwks: { keys: [signer.jwk] } }, ["ES256"]);
    await assert.rejects(verifier.verify(await signer.token()), isRefused);
  });

  it("are refused when a key pair signed them and a shared secret is expected", async () => {
    const signer = await newSigner("rsa", "RS256");
    const secret = new TextEncoder().encode(signer.publicPem);
    for (const algorithms of [["HS256"], ["HS256", "RS256"]]) {
      const verifier = verifierFor({ secret }, algorithms);
      await assert.rejects(verifier.verify(await signer.token()), isRefused);
    }
  });
});

describe("an endpoint of public keys", () => {
  let endpoint: Awaited<ReturnType<typeof startKeyServer>>;
  let signer: Signer;
  beforeEach(async () => {
    endpoint = await startKeyServer();
    signer = await newSigner("old");
  });
  afterEach(() => endpoint.close());

  it("is asked once for many tokens", async () => {
    endpoint.serveKeys(signer);
    const verifier = verifierFor({ jwksUrl: endpoint.url });
    const tokens = await Promise.all(Array.from({ length: 10 }, () => signer.token()));
    await Promise.all(tokens.map((token) => verifier.verify(token)));
    assert.equal(endpoint.requests(), 1);
  });

  it("may change its keys while the service runs", async ({ mock }) => {
    mock.timers.enable({ apis: ["Date"], now: Date.now() });
    endpoint.serveKeys(signer);
    const verifier = verifierFor({ jwksUrl: endpoint.url });
    const oldToken = await signer.token();
    await verifier.verify(oldToken);

    const next = await newSigner("new");
    endpoint.serveKeys(next);
    mock.timers.tick(61_000);
    assert.equal((await verifier.verify(await next.token())).subject, "ada");
    await assert.rejects(verifier.verify(oldToken), isRefused);
  });

  it("is not asked again and again for a key id that it doesn't have", async () => {
    endpoint.serveKeys(signer);
    const verifier = verifierFor({ jwksUrl: endpoint.url });
    for (const kid of ["one", "two", "three"]) {
      await assert.rejects(verifier.verify(await signer.token(kid)), isRefused);
    }
    assert.equal(endpoint.requests(), 1);
  });

  it("that can't be reached is no fault of the caller", async () => {
    const verifier = verifierFor({ jwksUrl: endpoint.url });
    await endpoint.close();
    await assert.rejects(verifier.verify(await signer.token()), isKeysUnavailable);
  });

  it("that was down is asked again by the next call", async () => {
    const verifier = verifierFor({ jwksUrl: endpoint.url });
    const token = await signer.token();
    endpoint.hangUp();
    await assert.rejects(verifier.verify(token), isKeysUnavailable);
    endpoint.serveKeys(signer);
    assert.equal((await verifier.verify(token)).subject, "ada");
  });

  it("that doesn't answer in time is no fault of the caller", async ({ mock }) => {
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    mock.method(AbortSignal, "timeout", () => timeout(50));
    endpoint.serveNothing();
    const verifier = verifierFor({ jwksUrl: endpoint.url });
    await assert.rejects(verifier.verify(await signer.token()), isKeysUnavailable);
  });

  for (const [status, body] of [
    [503, "down"],
    [302, ""],
    [200, "<html>"],
    [200, "{}"],
    [200, '{"keys":[{"kty":"EC","crv":"P-256","kid":"old","alg":"ES256","x":"A","y":"A"}]}'],
  ] as const) {
    it(`that answers ${status} '${body}' is no fault of the caller`, async () => {
      endpoint.serve(status, body);
      const verifier = verifierFor({ jwksUrl: endpoint.url });
      await assert.rejects(verifier.verify(await signer.token()), isKeysUnavailable);
    });
  }

  it("that is down refuses what is no token as before", async () => {
    const verifier = verifierFor({ jwksUrl: endpoint.url });
    await assert.rejects(verifier.verify("nonsense"), isRefused);
    await assert.rejects(verifier.verify(await hmacToken("x".repeat(32), "old")), isRefused);
    assert.equal(endpoint.requests(), 0);
  });
});
