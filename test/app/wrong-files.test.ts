import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Certificate, makeCertificate } from "../lanes/certificate.ts";
import { newSigner } from "../servers/key-server.ts";
import { runProgram } from "./program.ts";
import { newFolder } from "./service-process.ts";

describe("a service whose settings name a file that does not fit", { timeout: 120_000 }, () => {
  let folder: Awaited<ReturnType<typeof newFolder>>;
  let certificate: Certificate;
  let other: Certificate;
  before(async () => {
    [folder, certificate, other] = await Promise.all([
      newFolder(),
      makeCertificate(),
      makeCertificate(),
    ]);
  });
  after(async () => {
    await Promise.all([folder?.remove(), certificate?.close(), other?.close()]);
  });

  const keys = async (content: unknown) => {
    const file = join(folder.path, "keys.json");
    await writeFile(file, JSON.stringify(content));
    return { SCORE_JWKS_URL: `file://${file}` };
  };
  const tls = (certFile: string, keyFile: string) => ({
    SCORE_TLS_CERT_FILE: certFile,
    SCORE_TLS_KEY_FILE: keyFile,
  });
  const none = async () => {
    const file = join(folder.path, "none.pem");
    await writeFile(file, "no PEM");
    return file;
  };

  const noSet = "SCORE_JWKS_URL: the file holds no set of public keys (JWKS)";
  for (const [what, env, line] of [
    ["no key set", () => keys({ issuer: "https://id.example" }), noSet],
    ["an empty key set", () => keys({ keys: [] }), noSet],
    ["one key in place of a set", async () => keys((await newSigner("one")).jwk), noSet],
    ["keys without a type", () => keys({ keys: [{ kid: "one" }] }), noSet],
    [
      "no certificate",
      async () => tls(await none(), certificate.keyFile),
      "SCORE_TLS_CERT_FILE: the file holds no certificate as PEM",
    ],
    [
      "no key",
      async () => tls(certificate.certFile, await none()),
      "SCORE_TLS_KEY_FILE: the file holds no key as PEM, or one with a passphrase",
    ],
    [
      "the key of another certificate",
      () => tls(certificate.certFile, other.keyFile),
      "SCORE_TLS_KEY_FILE: the key is not that of the certificate",
    ],
  ] as const) {
    it(`ends with 2 and one line for ${what}`, async () => {
      const settings = {
        SCORE_DATA_DIR: join(folder.path, "data"),
        SCORE_GRPC_PORT: "0",
        SCORE_HTTP_PORT: "0",
        ...(await env()),
      };
      const { code, stdout, stderr } = await runProgram("main.ts", [], settings);
      assert.equal(stderr, `score: ${line}\n`);
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
      // The ledger had not been opened.
      assert.equal(existsSync(join(folder.path, "data", "lock")), false);
    });
  }
});
