import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import type { RunningService } from "../../src/app/service.ts";
import { newSigner, type Signer } from "../servers/key-server.ts";
import { type Backend, startEmbedded } from "./backends.ts";
import { clientKinds } from "./clients.ts";
import { submit } from "./games.ts";
import { newId } from "./lane-suite.ts";
import { assertRefused, unauthenticated } from "./refusal.ts";
import { startTestService, tokenFor } from "./test-service.ts";

const claims = { sub: "game-server", role: "server", game: "*" };

describe("tokens checked with public keys from a file", () => {
  let backend: Backend;
  let service: RunningService;
  let signer: Signer;
  before(async () => {
    [backend, signer] = await Promise.all([startEmbedded(), newSigner("the-key")]);
    const file = join(backend.env.SCORE_DATA_DIR ?? "", "keys.json");
    await writeFile(file, JSON.stringify({ keys: [signer.jwk] }));
    service = await startTestService(backend, {
      SCORE_JWT_SECRET: "",
      SCORE_JWKS_URL: pathToFileURL(file).href,
    });
  });
  after(async () => {
    await service?.close();
    await backend?.close();
  });

  for (const kind of clientKinds) {
    it(`are taken and refused alike through ${kind.name}`, async () => {
      const client = kind.open(service);
      const gameId = newId("game");
      const send = (token: string) => submit({ client, server: { token }, admin: {} }, { gameId });
      const { standings } = await send(await signer.token(claims));
      assert.equal(standings[0]?.score, 1n);
      const stranger = await newSigner("the-key");
      for (const token of [await stranger.token(claims), await tokenFor("server", "game-server")]) {
        await assertRefused(send(token), unauthenticated("the token is not valid"));
      }
      client.close();
    });
  }
});
