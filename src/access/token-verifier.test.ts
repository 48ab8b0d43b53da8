import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, it } from "node:test";
import { SignJWT, UnsecuredJWT } from "jose";
import { forge } from "../../test/attack/forged-token.ts";
import { signToken } from "./token-signer.ts";
import { TokenVerifier } from "./token-verifier.ts";

const secret = new TextEncoder().encode("a secret of more than thirty-two characters");

/** 2026-01-01, in epoch ms. */
const start = 1_767_225_600_000;

const complete = { sub: "ada", role: "player", game: "chess" };

interface Signed {
  readonly claims?: Record<string, unknown>;
  readonly algorithm?: string;
  readonly key?: Uint8Array;
}

/** A token that says just what `claims` does. */
function sign({ claims = complete, algorithm = "HS256", key = secret }: Signed = {}) {
  return new SignJWT(claims).setProtectedHeader({ alg: algorithm }).sign(key);
}

function verifierAt(
  clock: { now: number; monotonic?: number },
  rules: { issuer?: string; audience?: string } = {},
) {
  return new TokenVerifier({
    keys: { secret },
    algorithms: ["HS256"],
    issuer: rules.issuer,
    audience: rules.audience,
    now: () => clock.now,
    monotonic: () => clock.monotonic ?? clock.now,
  });
}

const verify = async (token: string, rules = {}) => verifierAt({ now: start }, rules).verify(token);

const refusal = (message = "the token is not valid") => ({ code: "unauthenticated", message });

describe("a token", () => {
  it("says who is calling, what they are and which games it covers", async () => {
    for (const [game, games] of [
      ["chess", new Set(["chess"])],
      [["chess", "go"], new Set(["chess", "go"])],
      ["*", "*"],
    ] as const) {
      for (const role of ["player", "server", "admin"]) {
        const token = await sign({ claims: { sub: "ada", role, game } });
        assert.deepEqual(await verify(token), { subject: "ada", role, games, expiresAt: Infinity });
      }
    }
  });

  it("without a signature is not valid, whatever it calls itself", async () => {
    const unsecured = new UnsecuredJWT(complete).encode();
    await assert.rejects(verify(unsecured), refusal());
    const [header, payload, signature] = (await sign()).split(".");
    for (const alg of ["none", "None", "NONE", ""]) {
      const other = Buffer.from(JSON.stringify({ alg })).toString("base64url");
      await assert.rejects(verify(`${other}.${payload}.`), refusal());
      await assert.rejects(verify(`${other}.${payload}.${signature}`), refusal());
    }
    await assert.rejects(verify(`${header}.${payload}.`), refusal());
  });

  it("is valid only as it was signed, with the right secret", async () => {
    const [header, , signature] = (await sign()).split(".");
    const other = Buffer.from(JSON.stringify({ ...complete, role: "admin" })).toString("base64url");
    await assert.rejects(verify(`${header}.${other}.${signature}`), refusal());
    const key = new TextEncoder().encode("another secret of more than 32 characters");
    await assert.rejects(verify(await sign({ key })), refusal());
  });

  it("is valid only with an algorithm that is allowed", async () => {
    for (const algorithm of ["HS384", "HS512"]) {
      await assert.rejects(verify(await sign({ algorithm })), refusal());
    }
  });

  it("that an asymmetric key signed is not valid where a secret is shared", async () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
    const token = await new SignJWT(complete).setProtectedHeader({ alg: "RS256" }).sign(privateKey);
    await assert.rejects(verify(token), refusal());
  });

  it("is refused once it has expired", async () => {
    const seconds = start / 1_000;
    await verify(await sign({ claims: { ...complete, exp: seconds + 1 } }));
    for (const exp of [seconds, seconds - 1, 0]) {
      const token = await sign({ claims: { ...complete, exp } });
      await assert.rejects(verify(token), refusal("the token has expired"));
    }
    const never = await sign({ claims: { ...complete, exp: "tomorrow" } });
    await assert.rejects(verify(never), refusal());
  });

  it("is refused before it is valid", async () => {
    const seconds = start / 1_000;
    await verify(await sign({ claims: { ...complete, nbf: seconds } }));
    const token = await sign({ claims: { ...complete, nbf: seconds + 1 } });
    await assert.rejects(verify(token), refusal());
  });

  it("must come from the issuer and be meant for the audience, if those are set", async () => {
    const rules = { issuer: "https://id.example", audience: "score" };
    const right = { ...complete, iss: "https://id.example", aud: ["score", "chat"] };
    await verify(await sign({ claims: right }), rules);
    for (const wrong of [{ iss: "https://evil.example" }, { aud: "chat" }, { aud: [] }]) {
      await assert.rejects(
        verify(await sign({ claims: { ...right, ...wrong } }), rules),
        refusal(),
      );
    }
    const { iss: _iss, ...noIssuer } = right;
    const { aud: _aud, ...noAudience } = right;
    for (const claims of [noIssuer, noAudience, complete]) {
      await assert.rejects(verify(await sign({ claims }), rules), refusal());
    }
  });

  it("that the service signs itself is for its issuer and audience", async () => {
    const rules = { issuer: "https://id.example", audience: "score" };
    const request = { role: "server", subject: "eve", game: ["a", "b"], expiresIn: "1h" } as const;
    const token = await signToken(secret, { ...request, ...rules });
    const identity = await verifierAt({ now: Date.now() }, rules).verify(token);
    const { expiresAt, ...who } = identity;
    assert.deepEqual(who, { subject: "eve", role: "server", games: new Set(["a", "b"]) });
    assert.ok(Math.abs(expiresAt - Date.now() - 3_600_000) < 10_000, `${expiresAt}`);
  });

  const badClaims: readonly (readonly [string, Record<string, unknown>])[] = [
    ["no sub", { sub: undefined }],
    ["an empty sub", { sub: "" }],
    ["a sub with a space", { sub: "ada l" }],
    ["a sub of 129 characters", { sub: "a".repeat(129) }],
    ["a sub that is a number", { sub: 7 }],
    ["no role", { role: undefined }],
    ["an unknown role", { role: "root" }],
    ["two roles", { role: ["player", "admin"] }],
    ["no game", { game: undefined }],
    ["an empty game", { game: "" }],
    ["no game in a list", { game: [] }],
    ["every game in a list", { game: ["*"] }],
    ["a game with a slash", { game: "a/b" }],
    ["a game that is an object", { game: { id: "chess" } }],
    ["1,001 games", { game: Array.from({ length: 1_001 }, (_, index) => `game-${index}`) }],
  ];
  for (const [what, change] of badClaims) {
    it(`with ${what} is refused`, async () => {
      const token = await sign({ claims: { ...complete, ...change } });
      const message = "the token's claims sub, role or game are missing or wrong";
      await assert.rejects(verify(token), refusal(message));
    });
  }

  for (const nonsense of ["", "x", "a.b", "a.b.c", "a.b.c.d.e", "....", "é.é.é"]) {
    it(`that is "${nonsense}" is none`, async () => {
      await assert.rejects(verify(nonsense), refusal());
    });
  }
});

describe("a verified token", () => {
  it("is remembered no longer when the clock is put back", async () => {
    const clock = { now: start, monotonic: 0 };
    const verifier = verifierAt(clock);
    const token = await sign();
    await verifier.verify(token);
    assert.ok(verifier.remembered(token));
    clock.now -= 1_800_000;
    clock.monotonic += 30_000;
    assert.equal(verifier.remembered(token), undefined);
  });

  it("is remembered until it expires, and no longer", async () => {
    const clock = { now: start };
    const verifier = verifierAt(clock);
    const token = await sign({ claims: { ...complete, exp: start / 1_000 + 20 } });
    const identity = await verifier.verify(token);
    clock.now = start + 19_999;
    assert.equal(await verifier.verify(token), identity, "the same object: not verified again");
    clock.now = start + 20_000;
    await assert.rejects(verifier.verify(token), refusal("the token has expired"));
  });

  it("is verified again after 30 s, even if it is good for longer or for ever", async () => {
    for (const claims of [complete, { ...complete, exp: start / 1_000 + 3_600 }]) {
      const clock = { now: start };
      const verifier = verifierAt(clock);
      const token = await sign({ claims });
      const identity = await verifier.verify(token);
      clock.now = start + 29_999;
      assert.equal(await verifier.verify(token), identity);
      clock.now = start + 30_000;
      const again = await verifier.verify(token);
      assert.notEqual(again, identity);
      assert.deepEqual(again, identity);
    }
  });

  it("is forgotten when large ones take up the room", async () => {
    const verifier = verifierAt({ now: start });
    const token = await sign();
    const identity = await verifier.verify(token);
    const filling = "x".repeat(1_000_000);
    const large = (jti: number) =>
      forge(
        { header: '{"alg":"HS256"}', payload: JSON.stringify({ ...complete, filling, jti }) },
        secret,
      );
    for (let jti = 0; jti < 20; jti++) await verifier.verify(large(jti));
    assert.equal(await verifier.verify(token), identity);
    for (let jti = 20; jti < 50; jti++) await verifier.verify(large(jti));
    assert.notEqual(await verifier.verify(token), identity);
  });

  it("does not make another one valid that differs in its signature only", async () => {
    const verifier = verifierAt({ now: start });
    const token = await sign();
    await verifier.verify(token);
    const [header, payload] = token.split(".");
    await assert.rejects(verifier.verify(`${header}.${payload}.AAAA`), refusal());
  });
});
