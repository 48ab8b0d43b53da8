import assert from "node:assert/strict";
import { createHash, createHmac, generateKeyPairSync } from "node:crypto";
import { before, it } from "node:test";
import { CompactEncrypt, exportJWK, FlattenedSign, SignJWT } from "jose";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { embedded } from "../lanes/backends.ts";
import { newGame, submit } from "../lanes/games.ts";
import { describeLanes } from "../lanes/lane-suite.ts";
import { assertRefused, unauthenticated } from "../lanes/refusal.ts";
import { testSecret, tokenFor } from "../lanes/test-service.ts";
import { base64url, forge, wanted } from "./forged-token.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });

const notValid = unauthenticated("the token is not valid");

const unsigned = (alg: unknown, signature = "") =>
  `${base64url(JSON.stringify({ alg, typ: "JWT" }))}.${base64url(wanted)}.${signature}`;

/** A token that is signed with the right secret, but for what the header says. */
const withHeader = (header: object) =>
  forge({ header: JSON.stringify({ alg: "HS256", ...header }), payload: wanted }, testSecret);

/** None of them was made by who holds the secret, or they are no JWT that is signed with it. */
const forgeries: Readonly<Record<string, (valid: string) => string | Promise<string>>> = {
  "alg none without a signature": () => unsigned("none"),
  "alg None": () => unsigned("None"),
  "alg nOnE with a signature": () => unsigned("nOnE", "AAAA"),
  "no alg": () => unsigned(undefined),
  "an empty alg": () => unsigned(""),
  "a list as alg": () => unsigned(["HS256"]),
  "alg none and the signature of another token": (valid) =>
    unsigned("none", valid.split(".").at(-1)),
  "an empty signature": (valid) => valid.replace(/[^.]+$/, ""),
  "no signature": (valid) => valid.replace(/\.[^.]+$/, ""),
  "half a signature": (valid) => valid.slice(0, -20),
  "the signature of another token": (valid) => unsigned("HS256", valid.split(".").at(-1)),
  "another payload under the signature": (valid) =>
    valid.replace(/\.[^.]+\./, `.${base64url(wanted)}.`),
  "another secret": () => forge({ header: '{"alg":"HS256"}', payload: wanted }, "x".repeat(32)),
  "an empty secret": () => forge({ header: '{"alg":"HS256"}', payload: wanted }, ""),
  "a longer hash of the right secret": () =>
    new SignJWT(JSON.parse(wanted)).setProtectedHeader({ alg: "HS512" }).sign(testSecret),
  "a hash that is no HMAC": () => {
    const signed = unsigned("HS256").slice(0, -1);
    return `${signed}.${createHash("sha256").update(signed).digest("base64url")}`;
  },
  "an RSA key where a secret is shared": () =>
    new SignJWT(JSON.parse(wanted)).setProtectedHeader({ alg: "RS256" }).sign(privateKey),
  "its own key (jwk)": async () =>
    new SignJWT(JSON.parse(wanted))
      .setProtectedHeader({ alg: "RS256", jwk: await exportJWK(publicKey) })
      .sign(privateKey),
  "its own secret (jwk)": () => {
    const key = "y".repeat(32);
    const header = { alg: "HS256", jwk: { kty: "oct", k: base64url(key) } };
    return forge({ header: JSON.stringify(header), payload: wanted }, key);
  },
  "a kid that names a file": () =>
    forge({ header: '{"alg":"HS256","kid":"../../../dev/null"}', payload: wanted }, ""),
  "an unknown critical header": () => withHeader({ crit: ["exp"], exp: 1 }),
  "an unknown critical header that is not there": () => withHeader({ crit: ["x"] }),
  "no critical header in crit": () => withHeader({ crit: [] }),
  "crit that is no list": () => withHeader({ crit: "b64" }),
  "b64=false": () => withHeader({ crit: ["b64"], b64: false }),
  "b64=false, its payload as it is": async () => {
    const bytes = new TextEncoder().encode(wanted);
    const jws = await new FlattenedSign(bytes)
      .setProtectedHeader({ alg: "HS256", b64: false, crit: ["b64"] })
      .sign(testSecret);
    return `${jws.protected}.${wanted}.${jws.signature}`;
  },
  "two algorithms": () =>
    forge({ header: '{"alg":"HS256","alg":"none"}', payload: wanted }, testSecret),
  "a header that is no JSON": () => forge({ header: "alg=HS256", payload: wanted }, testSecret),
  "a header that is a list": () => forge({ header: '["HS256"]', payload: wanted }, testSecret),
  "a header that is null": () => forge({ header: "null", payload: wanted }, testSecret),
  "a payload that is no JSON": () =>
    forge({ header: '{"alg":"HS256"}', payload: "sub=eve" }, testSecret),
  "a payload that is a list": () =>
    forge({ header: '{"alg":"HS256"}', payload: `[${wanted}]` }, testSecret),
  "a payload that is null": () => forge({ header: '{"alg":"HS256"}', payload: "null" }, testSecret),
  "an empty payload": () => forge({ header: '{"alg":"HS256"}', payload: "" }, testSecret),
  "a token in a token": (valid) =>
    forge({ header: '{"alg":"HS256","cty":"JWT"}', payload: valid }, testSecret),
  "encryption by the secret (JWE)": () =>
    new CompactEncrypt(new TextEncoder().encode(wanted))
      .setProtectedHeader({ alg: "dir", enc: "A128CBC-HS256" })
      .encrypt(testSecret.slice(0, 32)),
  "its signed part only half": (valid) => {
    const signed = valid.replace(/\.[^.]+$/, "").slice(0, -4);
    return `${signed}.${createHmac("sha256", "z").update(signed).digest("base64url")}`;
  },
  "one part": () => "nonsense",
  "three parts of nothing": () => "..",
  "five parts": () => "a.b.c.d.e",
  "a fourth part": (valid) => `${valid}.x`,
  "a letter more": (valid) => `${valid}x`,
  "its first letter in another case": (valid) => `E${valid.slice(1)}`,
  "JSON in place of a token": () => '{"payload":"","signatures":[]}',
};

describeLanes(
  "a forged token",
  (lane) => {
    let gameId: string;
    let valid: string;
    before(async () => {
      gameId = await newGame(lane);
      valid = await tokenFor("server", "game-server");
    });

    for (const [what, forged] of Object.entries(forgeries)) {
      it(`with ${what} opens nothing`, async () => {
        const token = await forged(valid);
        await assertRefused(submit(lane, { gameId }, { token }), notValid);
      });
    }

    it("is refused even where none is needed", async () => {
      const { getLeaderboard, watchLeaderboard } = ScoreService.method;
      const options = { token: unsigned("none") };
      await assertRefused(lane.client.call(getLeaderboard, { gameId }, options), notValid);
      await assertRefused(
        lane.client.watch(watchLeaderboard, { gameId }, options).next(),
        notValid,
      );
    });

    it("leaves the valid one beside it as it is", async () => {
      assert.equal((await submit(lane, { gameId }, { token: valid })).duplicate, false);
    });
  },
  { backends: [embedded] },
);
