import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { Code } from "@connectrpc/connect";
import { exportJWK, SignJWT } from "jose";
import type { RunningService } from "../../src/app/service.ts";
import { startService } from "../../src/app/service.ts";
import { readSettings } from "../../src/app/settings.ts";
import { type Backend, startEmbedded } from "./backends.ts";
import { clientKinds } from "./clients.ts";
import { submit } from "./games.ts";
import { newId } from "./lane-suite.ts";
import { assertRefused, unauthenticated } from "./refusal.ts";
import { tokenFor } from "./test-service.ts";

const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

const signed = (algorithm: string, key: Parameters<SignJWT["sign"]>[0]) =>
  new SignJWT({ sub: "game-server", role: "server", game: "*" })
    .setProtectedHeader({ alg: algorithm, kid: "the-key" })
    .setIssuer("https://id.example")
    .setExpirationTime("1h")
    .sign(key);

for (const place of ["file", "address"] as const) {
  describe(`tokens checked with public keys from ${place === "file" ? "a file" : "an address"}`, () => {
    let backend: Backend;
    let service: RunningService;
    let keys: Server;
    let isDown = false;
    before(async () => {
      const jwk = { ...(await exportJWK(publicKey)), kid: "the-key", alg: "ES256" };
      const text = JSON.stringify({ keys: [jwk] });
      keys = createServer((_request, response) => {
        response.writeHead(isDown ? 503 : 200, { "content-type": "application/json" }).end(text);
      }).listen(0, "127.0.0.1");
      await once(keys, "listening");
      backend = await startEmbedded();
      const file = join(backend.env.SCORE_DATA_DIR ?? "", "keys.json");
      await writeFile(file, text);
      const address = `http://127.0.0.1:${(keys.address() as AddressInfo).port}/keys`;
      service = await startService(
        readSettings({
          SCORE_GRPC_PORT: "0",
          SCORE_HTTP_PORT: "0",
          SCORE_LOG_LEVEL: "silent",
          SCORE_ANONYMOUS_CALLS_PER_SECOND: "0",
          SCORE_JWKS_URL: place === "file" ? pathToFileURL(file).href : address,
          SCORE_JWT_ISSUER: "https://id.example",
          ...backend.env,
        }),
      );
    });
    after(async () => {
      await service?.close();
      await backend?.close();
      keys.closeAllConnections();
      await new Promise((resolve) => keys.close(resolve));
    });

    // First, while no keys are known.
    if (place === "address") {
      it("can't be checked while the keys can't be fetched, which is nobody's fault", async () => {
        isDown = true;
        const token = await signed("ES256", privateKey);
        for (const kind of clientKinds) {
          const client = kind.open(service);
          const caller = { client, server: { token }, admin: {} };
          await assertRefused(submit(caller, { gameId: "chess" }), {
            code: Code.Unavailable,
            reason: "KEYS_UNAVAILABLE",
            message: "the keys that verify tokens can't be fetched",
          });
          client.close();
        }
        isDown = false;
      });
    }

    for (const kind of clientKinds) {
      it(`are taken and refused alike through ${kind.name}`, async () => {
        const client = kind.open(service);
        const gameId = newId("game");
        const send = (token: string) =>
          submit({ client, server: { token }, admin: {} }, { gameId });
        const { standings } = await send(await signed("ES256", privateKey));
        assert.equal(standings[0]?.score, 1n);
        const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
        const publicPem = Buffer.from(publicKey.export({ type: "spki", format: "pem" }));
        for (const token of [
          await signed("ES256", stranger),
          await signed("HS256", new Uint8Array(publicPem)),
          await tokenFor("server", "game-server"),
        ]) {
          await assertRefused(send(token), unauthenticated("the token is not valid"));
        }
        client.close();
      });
    }
  });
}
