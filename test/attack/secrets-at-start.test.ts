import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { runProgram } from "../app/program.ts";
import { newFolder, ServiceProcess } from "../app/service-process.ts";
import { makeCertificate } from "../lanes/certificate.ts";
import { freePort } from "../servers/free-port.ts";
import { type PasswordPostgres, startPasswordPostgres } from "./password-postgres.ts";
import { assertHidden, planted } from "./planted-secrets.ts";

type Env = Readonly<Record<string, string>>;

/** Runs a program of src/app to its end; resolves with how it ended and all that it printed. */
async function run(file: string, env: Env, args: readonly string[] = []) {
  const ports = { SCORE_GRPC_PORT: "0", SCORE_HTTP_PORT: "0" };
  const { code, stdout: out, stderr: err } = await runProgram(file, args, { ...ports, ...env });
  return { code, out, err };
}

const asTyped = encodeURIComponent;

describe("a start that fails", () => {
  let folder: Awaited<ReturnType<typeof newFolder>>;
  let postgres: PasswordPostgres;
  let closedPort: number;
  let pem: readonly string[];
  before(async () => {
    [folder, postgres, closedPort] = await Promise.all([
      newFolder(),
      startPasswordPostgres(planted.postgresPassword),
      freePort(),
    ]);
    const certificate = await makeCertificate();
    const key = await readFile(certificate.keyFile, "utf8");
    await writeFile(join(folder.path, "key.pem"), key);
    await writeFile(join(folder.path, "cert.pem"), certificate.ca);
    await certificate.close();
    pem = [key, ...key.split("\n").filter((line) => line.length > 30)];
  });
  after(async () => {
    await postgres?.server.close();
    await folder?.remove();
  });

  const databaseUrl = (password: string, port = postgres.server.port) => {
    const url = new URL(postgres.url);
    url.password = asTyped(password);
    url.port = String(port);
    return url.href;
  };
  const file = (name: string) => join(folder.path, name);

  const failures: Readonly<Record<string, () => Env>> = {
    "a password that Postgres refuses": () => ({
      DATABASE_URL: databaseUrl(planted.otherPostgresPassword),
    }),
    "a Postgres that is not there": () => ({
      DATABASE_URL: databaseUrl(planted.postgresPassword, closedPort),
    }),
    "a database that is not there": () => ({
      DATABASE_URL: `${databaseUrl(planted.postgresPassword)}_gone`,
    }),
    "a Postgres address with a password that is not encoded": () => ({
      DATABASE_URL: `postgres://score:${planted.redisPassword}@127.0.0.1/score`,
    }),
    "a password that can't be decoded": () => ({
      DATABASE_URL: `postgres://score:%zz${planted.otherPostgresPassword}@127.0.0.1/score`,
    }),
    "a Postgres address of another scheme": () => ({
      DATABASE_URL: `mysql://score:${planted.otherPostgresPassword}@127.0.0.1/score`,
    }),
    "a Redis address of another scheme": () => ({
      REDIS_URL: `http://:${planted.otherRedisPassword}@127.0.0.1`,
    }),
    "a secret that is too short": () => ({ SCORE_JWT_SECRET: planted.jwtSecret.slice(0, 31) }),
    "a secret and public keys": () => ({
      SCORE_JWT_SECRET: planted.jwtSecret,
      SCORE_JWKS_URL: "https://id.example/keys",
    }),
    "a secret and an algorithm that it is not for": () => ({
      SCORE_JWT_SECRET: planted.jwtSecret,
      SCORE_JWT_ALGORITHMS: "RS256",
    }),
    "a secret under a wrong name": () => ({ SCORE_JWT_SECRETS: planted.jwtSecret }),
    "an address of keys with a password": () => ({
      SCORE_JWKS_URL: `https://me:${planted.otherSecret}@id.example/keys`,
    }),
    "a key where the name of its file should be": () => ({
      SCORE_TLS_CERT_FILE: file("cert.pem"),
      SCORE_TLS_KEY_FILE: pem[0] ?? "",
    }),
    "a key in place of the certificate": () => ({
      SCORE_TLS_CERT_FILE: file("key.pem"),
      SCORE_TLS_KEY_FILE: file("key.pem"),
    }),
    "a key that is no key": () => ({
      SCORE_TLS_CERT_FILE: file("cert.pem"),
      SCORE_TLS_KEY_FILE: file("cert.pem"),
    }),
    "a private key in place of public ones": () => ({
      SCORE_JWKS_URL: `file://${file("key.pem")}`,
    }),
    "a file of public keys that is not there": () => ({
      SCORE_JWKS_URL: `file://${file(planted.otherSecret)}`,
    }),
  };

  for (const [what, env] of Object.entries(failures)) {
    it(`with ${what} says so in a line, without a secret`, async () => {
      const given = env();
      const settings = { SCORE_DATA_DIR: file("data"), SCORE_LOG_LEVEL: "trace", ...given };
      const { code, out, err } = await run("main.ts", settings);
      assert.ok(code === 1 || code === 2, `${code}`);
      assert.match(err, /^score: [^\n]+\n$/);
      assert.equal(out, "");
      const { SCORE_JWT_SECRET: short = planted.jwtSecret } = given;
      assertHidden("what it says", err, [...Object.values(planted), ...pem, short]);
    });
  }
});

describe("what is printed on purpose", () => {
  let folder: Awaited<ReturnType<typeof newFolder>>;
  before(async () => {
    folder = await newFolder();
  });
  after(() => folder?.remove());

  const kept = async () => (await readFile(join(folder.path, "jwt-secret"), "utf8")).trim();
  const args = ["--role", "admin", "--game", "*", "--sub", "me"];

  it("is tokens by the secret that the start made, but not the secret", async () => {
    const service = await ServiceProcess.start({
      SCORE_DATA_DIR: folder.path,
      SCORE_LOG_LEVEL: "trace",
    });
    service.signal("SIGTERM");
    const [out, err] = await Promise.all([service.output, service.errors, service.ended]);
    for (const name of ["SERVER_TOKEN", "PLAYER_TOKEN"]) {
      assert.match(out, new RegExp(`export ${name}=[\\w-]+\\.[\\w-]+\\.[\\w-]+\n`));
    }
    assertHidden("standard output", out, [await kept()]);
    const tokens = out.match(/[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}/g) ?? [];
    assert.equal(tokens.length, 2);
    assertHidden("standard error", err, [await kept(), ...tokens]);
  });

  it("is a token by npm run token, and nothing else", async () => {
    for (const [env, secret] of [
      [{ SCORE_DATA_DIR: folder.path }, await kept()],
      [{ SCORE_JWT_SECRET: planted.jwtSecret }, planted.jwtSecret],
    ] as const) {
      const { code, out, err } = await run("token.ts", env, args);
      assert.deepEqual({ code, err }, { code: 0, err: "" });
      assert.match(out, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
      assertHidden("standard output", out, [secret]);
    }
  });

  it("is no secret when npm run token fails", async () => {
    const env = { SCORE_JWT_SECRET: planted.jwtSecret };
    for (const wrong of [
      ["--role", "root"],
      [...args, "--expires", "soon"],
      ["--secret", "x"],
    ]) {
      const { code, out, err } = await run("token.ts", env, wrong);
      assert.deepEqual({ code, out }, { code: 2, out: "" });
      assertHidden("standard error", err, [planted.jwtSecret]);
    }
  });
});
