import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { KeyServer, newSigner, type Signer } from "../../test/servers/key-server.ts";
import { isScoreError } from "../model/score-error.ts";
import { RemoteKeys } from "./remote-keys.ts";
import { TokenVerifier } from "./token-verifier.ts";

const isRefused = (error: unknown) => isScoreError(error, "unauthenticated");

function isKeysUnavailable(error: unknown): boolean {
  assert.ok(isScoreError(error, "keys_unavailable"), String(error));
  const { retryAfterMs = Number.NaN } = error;
  assert.ok(retryAfterMs > 0 && retryAfterMs <= 2_000, `retryAfterMs ${retryAfterMs}`);
  assert.ok(error.cause instanceof Error);
  return true;
}

describe("keys at an address", () => {
  let endpoint: KeyServer;
  let old: Signer;
  let next: Signer;
  /** Epoch ms; stands unless a test moves it. */
  let now: number;
  let failures: unknown[];
  let verifier: TokenVerifier;
  beforeEach(async () => {
    endpoint = await KeyServer.start();
    [old, next] = await Promise.all([newSigner("old"), newSigner("new")]);
    now = Date.now();
    failures = [];
    const remote = new RemoteKeys({
      url: endpoint.url,
      now: () => now,
      onError: (_message, error) => failures.push(error),
    });
    verifier = new TokenVerifier({
      keys: { remote },
      algorithms: ["ES256"],
      issuer: undefined,
      audience: undefined,
      now: () => now,
      monotonic: () => now,
    });
  });
  afterEach(() => endpoint.close());

  /** A token that nobody has seen. */
  let made = 0;
  const token = (signer: Signer, header = {}) =>
    signer.token({ jti: String(made++), exp: now / 1_000 + 1e6 }, header);
  const taken = async (text: string) => assert.equal((await verifier.verify(text)).subject, "ada");
  const refused = (text: string) => assert.rejects(verifier.verify(text), isRefused);
  const unavailable = (text: string) => assert.rejects(verifier.verify(text), isKeysUnavailable);

  it("are asked for once for many tokens", async () => {
    endpoint.serveKeys(old);
    const tokens = await Promise.all(Array.from({ length: 10 }, () => token(old)));
    await Promise.all(tokens.map(taken));
    assert.equal(endpoint.requests, 1);
  });

  it("that are withdrawn open nothing after 60 s", async () => {
    endpoint.serveKeys(old, next);
    const early = await token(old);
    await taken(early);
    endpoint.serveKeys(next);
    now += 29_999;
    const late = await token(old);
    await taken(late);
    now += 1;
    await refused(await token(old));
    await refused(early);
    now += 29_999;
    await refused(late);
  });

  it("that are withdrawn after a quiet time open nothing at once", async () => {
    endpoint.serveKeys(old);
    await taken(await token(old));
    endpoint.serveKeys(next);
    now += 3_600_000;
    await refused(await token(old));
  });

  it("that are new are taken 2 s after their id was still refused", async () => {
    endpoint.serveKeys(old);
    await taken(await token(old));
    now += 2_000;
    await refused(await token(next));
    endpoint.serveKeys(old, next);
    now += 1_999;
    await refused(await token(next));
    now += 1;
    await taken(await token(next));
    await taken(await token(old));
  });

  it("are asked for at most every 2 s, whatever ids come in", async () => {
    endpoint.serveKeys(old);
    for (let call = 0; call < 200; call++) {
      await refused(await token(old, { kid: `nobody's-${call}` }));
      now += 50;
    }
    assert.equal(endpoint.requests, 5);
  });

  it("go on for as long as the address does not answer, and then as it says", async () => {
    endpoint.serveKeys(old);
    await taken(await token(old));
    endpoint.hangUp();
    for (let hour = 0; hour < 48; hour++) {
      now += 3_600_000;
      await taken(await token(old));
    }
    endpoint.serveKeys(next);
    now += 2_000;
    await taken(await token(next));
    await refused(await token(old));
    assert.equal(failures.length, 1, "told once");
  });

  for (const [status, body] of [
    [503, "down"],
    [302, ""],
    [200, "<html>"],
    [200, "{}"],
    [200, '{"keys":[1]}'],
  ] as const) {
    it(`go on while the address says ${status} '${body}'`, async () => {
      endpoint.serveKeys(old);
      await taken(await token(old));
      endpoint.serve(status, body);
      now += 30_000;
      await taken(await token(old));
      assert.equal(endpoint.requests, 2);
    });
  }

  it("keep no token waiting for an address that is known not to answer", async ({ mock }) => {
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    mock.method(AbortSignal, "timeout", () => timeout(50));
    endpoint.serveKeys(old);
    await taken(await token(old));
    endpoint.serveNothing();
    now += 30_000;
    await taken(await token(old));
    mock.method(AbortSignal, "timeout", () => timeout(60_000));
    now += 2_000;
    await taken(await token(old));
  });

  it("that can't be looked up are no fault of the caller", async () => {
    endpoint.serveKeys(old);
    await taken(await token(old));
    endpoint.hangUp();
    now += 2_000;
    await unavailable(await token(next));
    now += 1_999;
    await unavailable(await token(next));
    assert.equal(endpoint.requests, 2);
    endpoint.serveKeys(old, next);
    now += 1;
    await taken(await token(next));
  });

  it("survive a clock that is set back", async () => {
    endpoint.serveKeys(old);
    await taken(await token(old));
    endpoint.serveKeys(next);
    now -= 3_600_000;
    await taken(await token(next));
    await refused(await token(old));
  });

  for (const [state, arrange] of [
    ["can't be reached", () => endpoint.close()],
    ["hangs up", () => endpoint.hangUp()],
    ["says 503", () => endpoint.serve(503, "down")],
    ["says 302", () => endpoint.serve(302, "")],
    ["says no JSON", () => endpoint.serve(200, "<html>")],
    ["says no set of keys", () => endpoint.serve(200, "{}")],
  ] as const) {
    it(`of an address that ${state} at first are no fault of the caller`, async () => {
      await arrange();
      await unavailable(await token(old));
      assert.equal(failures.length, 1);
    });
  }

  it("that are no keys are no fault of the caller", async () => {
    const broken = { kty: "EC", crv: "P-256", kid: "old", alg: "ES256", x: "A", y: "A" };
    endpoint.serve(200, JSON.stringify({ keys: [broken] }));
    await unavailable(await token(old));
  });

  it("are asked for again 2 s after the first request failed, not sooner", async () => {
    endpoint.hangUp();
    await unavailable(await token(old));
    endpoint.serveKeys(old);
    now += 1_999;
    await unavailable(await token(old));
    assert.equal(endpoint.requests, 1);
    now += 1;
    await taken(await token(old));
  });

  it("are not waited for for long at first", async ({ mock }) => {
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    mock.method(AbortSignal, "timeout", () => timeout(50));
    endpoint.serveNothing();
    await unavailable(await token(old));
  });

  it("are not asked for by what is no token that they could tell", async () => {
    await refused("nonsense");
    await refused(await (await newSigner("old", "RS256")).token());
    assert.equal(endpoint.requests, 0);
  });
});
