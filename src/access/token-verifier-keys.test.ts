import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SignJWT } from "jose";
import { newSigner } from "../../test/servers/key-server.ts";
import { isScoreError } from "../model/score-error.ts";
import { type TokenKeys, TokenVerifier } from "./token-verifier.ts";

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
    monotonic: () => performance.now(),
  });
}

const isRefused = (error: unknown) => isScoreError(error, "unauthenticated");

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
    await assert.rejects(verifier.verify(await stranger.token({}, { kid: "known" })), isRefused);
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
