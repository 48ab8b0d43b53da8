import { before, it } from "node:test";
import { embedded } from "../lanes/backends.ts";
import { newGame, submit } from "../lanes/games.ts";
import { describeLanes } from "../lanes/lane-suite.ts";
import { assertRefused, denied, type Refusal, unauthenticated } from "../lanes/refusal.ts";
import { testSecret, tokenFor } from "../lanes/test-service.ts";
import { forge } from "./forged-token.ts";

const notValid = unauthenticated("the token is not valid");
const expired = unauthenticated("the token has expired");
const wrongClaims = unauthenticated("the token's claims sub, role or game are missing or wrong");
const notTheirs = denied("a player may change only their own score");

const now = () => Math.floor(Date.now() / 1_000);

/** Of a game server, for us, unless `claims`, the inside of a JSON object, say otherwise: the last of two counts. */
const signed = (claims: string) => {
  const usual = '"sub":"ada","role":"server","game":"*","iss":"https://id.example","aud":"score"';
  const payload = `{${[usual, claims].filter(Boolean).join(",")}}`;
  return forge({ header: '{"alg":"HS256"}', payload }, testSecret);
};

const refusals: readonly (readonly [claims: () => string, refusal: Refusal])[] = [
  [() => `"exp":${now() - 1}`, expired],
  [() => `"exp":${now()}.5,"exp":${now()}`, expired],
  [() => '"exp":0', expired],
  [() => '"exp":-1', expired],
  [() => '"exp":-1e308', expired],
  [() => '"exp":-1e999', expired],
  [() => `"exp":"${now() + 3_600}"`, notValid],
  [() => '"exp":"never"', notValid],
  [() => '"exp":NaN', notValid],
  [() => '"exp":null', notValid],
  [() => '"exp":true', notValid],
  [() => `"exp":[${now() + 3_600}]`, notValid],
  [() => '"exp":{}', notValid],
  [() => `"exp":${now() + 3_600},"exp":1`, expired],
  [() => `"nbf":${now() + 60}`, notValid],
  [() => '"nbf":1e999', notValid],
  [() => '"nbf":"0"', notValid],
  [() => '"nbf":null', notValid],
  [() => '"iss":"https://evil.example"', notValid],
  [() => '"iss":"https://id.example/"', notValid],
  [() => '"iss":"HTTPS://ID.EXAMPLE"', notValid],
  [() => '"iss":["https://id.example"]', notValid],
  [() => '"iss":null', notValid],
  [() => '"aud":"chat"', notValid],
  [() => '"aud":"score "', notValid],
  [() => '"aud":[]', notValid],
  [() => '"aud":["chat","scores"]', notValid],
  [() => '"aud":{"score":true}', notValid],
  [() => '"role":"Admin"', wrongClaims],
  [() => '"role":"admin "', wrongClaims],
  [() => '"role":"ａdmin"', wrongClaims],
  [() => '"role":["server","admin"]', wrongClaims],
  [() => '"role":{"admin":true}', wrongClaims],
  [() => '"role":"__proto__"', wrongClaims],
  [() => '"role":null', wrongClaims],
  [() => '"game":"**"', wrongClaims],
  [() => '"game":["*"]', wrongClaims],
  [() => '"game":""', wrongClaims],
  [() => '"game":[]', wrongClaims],
  [() => '"game":[["*"]]', wrongClaims],
  [() => '"game":{"*":true}', wrongClaims],
  [() => '"game":true', wrongClaims],
  [() => `"game":[${Array.from({ length: 1_001 }, (_, index) => `"game-${index}"`)}]`, wrongClaims],
  [() => '"sub":""', wrongClaims],
  [() => '"sub":null', wrongClaims],
  [() => '"sub":1', wrongClaims],
  [() => '"sub":["ada"]', wrongClaims],
  [() => `"sub":"${"a".repeat(129)}"`, wrongClaims],
  // Names that look like ada's, or become hers when they are cut or folded.
  [() => '"sub":"ada\\u0000"', wrongClaims],
  [() => '"sub":"ada\\n"', wrongClaims],
  [() => '"sub":" ada"', wrongClaims],
  [() => '"sub":"ada\\u200b"', wrongClaims],
  [() => '"sub":"аda"', wrongClaims],
  [() => '"sub":"ａｄａ"', wrongClaims],
  [() => '"sub":"a\\u0301da"', wrongClaims],
  [() => '"sub":"ada","role":"player","sub":"Ada"', notTheirs],
  [() => '"sub":"ada","role":"player","sub":"bo"', notTheirs],
  [() => '"role":"player"', denied("a player may send actions, not points")],
  [() => '"role":"admin","role":"player"', denied("a player may send actions, not points")],
  [() => '"game":"*","game":"another"', denied("the token does not cover game GAME")],
];

/** What is odd but says what it should. */
const taken: readonly (() => string)[] = [
  () => "",
  () => `"exp":${now() + 3_600}`,
  () => `"exp":1,"exp":${now() + 3_600}.75`,
  () => '"exp":1e308',
  () => '"exp":1e999',
  () => `"nbf":${now() - 1},"iat":${now() + 3_600}`,
  () => '"aud":["chat","score"]',
  () => '"\\u0072ole":"server"',
  () => '"__proto__":{"role":"player"},"constructor":null',
];

const shown = (claims: string) => (claims.length > 80 ? `${claims.slice(0, 80)}…` : claims);

describeLanes(
  "a token that is well signed",
  (lane) => {
    let gameId: string;
    before(async () => {
      const admin = { token: signed('"role":"admin"') };
      gameId = await newGame({ ...lane, client: lane.client, admin });
    });
    const send = (token: string) => submit(lane, { gameId }, { token });

    for (const [claims, { message, ...refusal }] of refusals) {
      it(`opens nothing that it should not with ${shown(claims())}`, async () => {
        await assertRefused(send(signed(claims())), {
          ...refusal,
          message: message.replace("GAME", gameId),
        });
      });
    }

    for (const claims of taken) {
      it(`opens what it says with ${shown(claims()) || "all claims"}`, async () => {
        await send(signed(claims()));
      });
    }

    it("but not for us, is refused", async () => {
      await assertRefused(send(await tokenFor("server", "game-server")), notValid);
    });
  },
  {
    backends: [embedded],
    env: { SCORE_JWT_ISSUER: "https://id.example", SCORE_JWT_AUDIENCE: "score" },
  },
);
