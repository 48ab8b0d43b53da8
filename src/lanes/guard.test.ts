import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code } from "@connectrpc/connect";
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from "jose";
import { pino } from "pino";
import { RateLimits } from "../access/rate-limits.ts";
import { TokenVerifier } from "../access/token-verifier.ts";
import { Metrics } from "../ops/metrics.ts";
import { Guard, RefusedCall } from "./guard.ts";

describe("a call under way", () => {
  it("is told at once that the key of its token was withdrawn, though the token was just verified", async () => {
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    const jwk = { ...(await exportJWK(publicKey)), kid: "one", alg: "ES256" };
    let keys = [jwk];
    const now = () => 0;
    const verifier = new TokenVerifier({
      keys: { remote: { find: (header, token) => createLocalJWKSet({ keys })(header, token) } },
      algorithms: ["ES256"],
      issuer: undefined,
      audience: undefined,
      now,
      monotonic: now,
    });
    const limits = new RateLimits({
      redis: undefined,
      prefix: "test",
      playerUpdatesPerSecond: 0,
      anonymousCallsPerSecond: 0,
      now,
    });
    const log = pino({ level: "silent" });
    const guard = new Guard({ verifier, limits, metrics: new Metrics(), log, now });
    const token = await new SignJWT({ sub: "ada", role: "player", game: "*" })
      .setProtectedHeader({ alg: "ES256", kid: "one" })
      .sign(privateKey);
    const call = guard.run(
      {
        lane: "grpc",
        method: "StreamScores",
        authorization: `Bearer ${token}`,
        address: "::1",
        timeoutMs: undefined,
        signal: new AbortController().signal,
      },
      async ({ verifyAgain }) => {
        await verifyAgain();
        keys = [];
        await verifyAgain();
      },
    );
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof RefusedCall);
      assert.equal(error.wire.code, Code.Unauthenticated);
      return true;
    });
  });
});
