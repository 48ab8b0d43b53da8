import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { TokenVerifier } from "../../src/access/token-verifier.ts";

type Env = Readonly<Record<string, string>>;

/** Starts a file of src/app with these settings and no others. */
function start(file: "main.ts" | "token.ts", settings: Env, args: readonly string[] = []) {
  const path = fileURLToPath(new URL(`../../src/app/${file}`, import.meta.url));
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(SCORE_|DATABASE_URL$|REDIS_URL$|NODE_)/.test(name),
  );
  return spawn(process.execPath, ["--disable-warning=ExperimentalWarning", path, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...Object.fromEntries(inherited), ...settings },
  });
}

/** How a process ended, and what it printed. */
interface End {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(...what: Parameters<typeof start>): Promise<End> {
  return ended(start(...what));
}

async function ended(child: ReturnType<typeof start>): Promise<End> {
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (err += text));
  const [code] = await once(child, "close");
  return { code, out, err };
}

/** One whole line, and nothing after it. */
const oneLine = /^[^\n]+\n$/;

describe("a service that starts", () => {
  let folder: string;
  let settings: Env;
  let running: Set<ChildProcess>;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "score-start-"));
    running = new Set();
    settings = {
      SCORE_GRPC_PORT: "0",
      SCORE_HTTP_PORT: "0",
      SCORE_DATA_DIR: join(folder, "data"),
      SCORE_LOG_LEVEL: "error",
    };
  });
  afterEach(async () => {
    for (const child of running) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    await rm(folder, { recursive: true });
  });

  const secretFile = () => join(folder, "data", "jwt-secret");

  /** A service that has printed its greeting. */
  async function startService() {
    const child = start("main.ts", settings);
    running.add(child);
    const whenOver = ended(child).finally(() => running.delete(child));
    let greeting = "";
    const { promise: greeted, resolve } = Promise.withResolvers<void>();
    child.stdout.on("data", (text) => {
      greeting += text;
      if (greeting.includes("npm run demo\n")) resolve();
    });
    await Promise.race([
      greeted,
      whenOver.then(({ err }) => assert.fail(`ended before its greeting: ${err}`)),
    ]);
    const web = /web +(http:\S+)/.exec(greeting)?.[1];
    return {
      serverToken: /SERVER_TOKEN=(\S+)/.exec(greeting)?.[1] ?? "",
      /** The HTTP status of a score that is sent with the token. */
      async submit(token: string, actionId: string): Promise<number> {
        const response = await fetch(`${web}/score.v1.ScoreService/UpdateScore`, {
          method: "POST",
          headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
          body: JSON.stringify({ gameId: "demo", playerId: "ada", points: 1, actionId }),
        });
        await response.arrayBuffer();
        return response.status;
      },
      async stop(): Promise<End> {
        child.kill("SIGTERM");
        return whenOver;
      },
    };
  }

  for (const [name, value, line] of [
    ["SCORE_GRPC_PORT", "grpc", /^score: SCORE_GRPC_PORT: must be a whole number\n$/],
    ["SCORE_JWT_SECRET", "short", /^score: SCORE_JWT_SECRET: must have at least 32 characters\n$/],
    ["SCORE_GPRC_PORT", "1", /^score: SCORE_GPRC_PORT is not a setting; [^\n]+\n$/],
    ["SCORE_TLS_KEY_FILE", "key.pem", /^score: set both SCORE_TLS_CERT_FILE and [^\n]+\n$/],
  ] as const) {
    it(`ends with 2 and one line about ${name}=${value}, and leaves no trace`, async () => {
      const { code, out, err } = await run("main.ts", { ...settings, [name]: value });
      assert.match(err, line);
      assert.deepEqual({ code, out }, { code: 2, out: "" });
      assert.deepEqual(await readdir(folder), []);
    });
  }

  it("makes a secret for its owner only, which the next start and npm run token use", async () => {
    const first = await startService();
    assert.equal((await stat(secretFile())).mode & 0o777, 0o600);
    assert.equal((await stat(join(folder, "data"))).mode & 0o777, 0o700);
    const secret = await readFile(secretFile(), "utf8");
    assert.match(secret, /^[\w-]{43}\n$/);
    assert.equal(await first.submit(first.serverToken, "one"), 200);
    const { code, err } = await first.stop();
    assert.deepEqual({ code, err }, { code: 0, err: "" });

    const second = await startService();
    assert.equal(await readFile(secretFile(), "utf8"), secret);
    assert.equal(await second.submit(first.serverToken, "two"), 200);
    const args = ["--role", "server", "--game", "demo", "--sub", "me"];
    const made = await run("token.ts", settings, args);
    assert.match(made.out, oneLine);
    assert.equal(await second.submit(made.out.trim(), "three"), 200);
    assert.equal(await second.submit(`${made.out.trim()}x`, "four"), 401);
    await second.stop();
  });

  it("takes the tokens that it and npm run token make, whatever algorithm is allowed", async () => {
    settings = { ...settings, SCORE_JWT_ALGORITHMS: "HS512,HS384" };
    const service = await startService();
    assert.equal(await service.submit(service.serverToken, "one"), 200);
    const args = ["--role", "server", "--game", "demo", "--sub", "me"];
    const { out } = await run("token.ts", settings, args);
    assert.equal(await service.submit(out.trim(), "two"), 200);
    assert.equal((await service.stop()).code, 0);
  });

  it("may come after npm run token, which makes the same secret", async () => {
    const args = ["--role", "player", "--game", "chess,go", "--sub", "ada", "--expires", "1h"];
    const { code, out, err } = await run("token.ts", settings, args);
    assert.deepEqual({ code, err }, { code: 0, err: "" });
    assert.equal((await stat(secretFile())).mode & 0o777, 0o600);
    const text = (await readFile(secretFile(), "utf8")).trim();
    const verifier = new TokenVerifier({
      keys: { secret: new TextEncoder().encode(text) },
      algorithms: ["HS256"],
      issuer: undefined,
      audience: undefined,
      now: Date.now,
      monotonic: () => performance.now(),
    });
    const games = new Set(["chess", "go"]);
    const { expiresAt: _, ...who } = await verifier.verify(out.trim());
    assert.deepEqual(who, { subject: "ada", role: "player", games });
  });

  for (const [file, args] of [
    ["main.ts", []],
    ["token.ts", ["--role", "server", "--game", "demo", "--sub", "me"]],
  ] as const) {
    it(`refuses a secret file that was cut short (${file})`, async () => {
      await run("token.ts", settings, ["--role", "server", "--game", "a", "--sub", "b"]);
      for (const rest of ["", "short\n"]) {
        await writeFile(secretFile(), rest);
        const { code, out, err } = await run(file, settings, args);
        assert.match(err, oneLine);
        assert.ok(err.includes(`${secretFile()} `), err);
        assert.deepEqual({ code, out }, { code: 2, out: "" });
      }
    });
  }

  it("ends with 2 and one line while another has its data folder, which goes on", async () => {
    const first = await startService();
    assert.equal(await first.submit(first.serverToken, "one"), 200);
    const { code, out, err } = await run("main.ts", settings);
    assert.match(err, /^score: [^\n]+ is in use by another process[^\n]*\n$/);
    assert.ok(err.includes(join(folder, "data")), err);
    assert.deepEqual({ code, out }, { code: 2, out: "" });
    assert.equal(await first.submit(first.serverToken, "two"), 200);
    assert.equal((await first.stop()).code, 0);
  });
});

describe("npm run token", () => {
  for (const [args, line] of [
    [[], /^token: usage: [^\n]+\n$/],
    [["--role", "root", "--game", "demo", "--sub", "me"], /^token: usage: [^\n]+\n$/],
    [["--rule", "player"], /^token: [^\n]*--rule[^\n]*\n$/],
  ] as const) {
    it(`ends with 2 and one line for ${JSON.stringify(args)}`, async () => {
      const { code, out, err } = await run("token.ts", {}, args);
      assert.match(err, line);
      assert.deepEqual({ code, out }, { code: 2, out: "" });
    });
  }
});
