import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { commandsUnder } from "./commands.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));
const ports = { grpc: "50051", web: "8080", envoy: "10000" };

/** Everything that a clone would hold, in a folder of its own. */
function freshCopy(): string {
  const folder = mkdtempSync(join(tmpdir(), "score-readme-"));
  const list = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
  for (const file of execFileSync("git", list, { cwd: project, encoding: "utf8" })
    .split("\0")
    .filter(Boolean)) {
    // What was deleted is listed until it is committed.
    if (!existsSync(join(project, file))) continue;
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    cpSync(join(project, file), join(folder, file));
  }
  return folder;
}

/** The environment of somebody who set nothing and has npm's own Node. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const path = (process.env.PATH ?? "").split(":").filter((part) => !part.includes("node_modules"));
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(SCORE_|ENVOY_|DATABASE_URL|REDIS_URL|npm_|NODE_|INIT_CWD)/.test(name),
  );
  return { ...Object.fromEntries(kept), PATH: path.join(":") };
}

let folder: string;
let service: ChildProcess | undefined;
let envoy: ChildProcess | undefined;
let printed = "";

before(
  async () => {
    folder = freshCopy();
    const install = execFileSync("npm", ["ci", "--no-audit", "--no-fund"], {
      cwd: folder,
      env: plainEnvironment(),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
    assert.doesNotMatch(install, /allow-scripts/);
  },
  { timeout: 180_000 },
);

after(async () => {
  for (const running of [envoy, service]) {
    if (running?.exitCode !== null) continue;
    const ended = new Promise((resolve) => running.once("exit", resolve));
    process.kill(-(running.pid ?? 0), "SIGTERM");
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

function run(command: string, environment: NodeJS.ProcessEnv = {}): string {
  const env = { ...plainEnvironment(), ...environment };
  return execFileSync("bash", ["-ec", command], {
    cwd: folder,
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function tokens(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    [...printed.matchAll(/export (\w+_TOKEN)=(\S+)/g)].map(([, name, token]) => [name, token]),
  );
}

test("npm start brings the service up within 10 s and prints what to paste", async () => {
  const began = performance.now();
  service = spawn("npm", ["start"], {
    cwd: folder,
    env: plainEnvironment(),
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  service.stdout?.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
  while (!printed.includes("npm run demo")) {
    assert.equal(
      service.exitCode,
      null,
      `the service ended; is port ${ports.grpc} or ${ports.web} in use?`,
    );
    assert.ok(performance.now() - began < 60_000, `no greeting after a minute: ${printed}`);
    await sleep(50);
  }
  const seconds = (performance.now() - began) / 1_000;
  assert.ok(seconds < 10, `the start took ${seconds.toFixed(1)} s`);
});

test("the printed commands work when pasted", async () => {
  const pasted = printed.slice(printed.indexOf("Submit a score")).split("\n").slice(1);
  const commands =
    pasted.join("\n").split("\n\n")[0]?.replaceAll("\\\n", " ").trim().split("\n") ?? [];
  assert.equal(commands.length, 3);
  const [update = "", read = "", watch = ""] = commands;
  assert.equal(JSON.parse(run(update, tokens())).standings[0].score, "5");
  assert.equal(JSON.parse(run(read)).entries[0].playerId, "ada");
  assert.match(firstMessageOf(watch), /"playerId": "ada"/);
});

test("the README's first score works when pasted", () => {
  const [first = "", watch = ""] = commandsUnder("README.md", "A first score");
  const out = run(first, tokens());
  assert.match(out, /"duplicate"|"seq"/);
  assert.match(out, /"playerId":"ada"/);
  assert.match(firstMessageOf(watch), /"playerId": "ada"/);
});

test("the README's game settings work when pasted", () => {
  const [put = ""] = commandsUnder("README.md", "The calls");
  const out = run(put, tokens());
  assert.match(out, /"maxPerMinute": 30/);
  assert.match(out, /"boardId": "main"/);
});

test("the page is there", async () => {
  const page = await fetch(`http://127.0.0.1:${ports.web}/?game=demo&limit=20`);
  assert.equal(page.status, 200);
  assert.match(await page.text(), /main\.js/);
});

test("npm run envoy serves the page and the README's REST commands", async () => {
  envoy = spawn("npm", ["run", "envoy"], {
    cwd: folder,
    env: plainEnvironment(),
    detached: true,
    stdio: "ignore",
  });
  const began = performance.now();
  const url = `http://127.0.0.1:${ports.envoy}`;
  const isUp = async () => (await fetch(url).catch(() => undefined))?.status === 200;
  while (!(await isUp())) {
    assert.equal(envoy.exitCode, null, `Envoy ended; is port ${ports.envoy} or 9901 in use?`);
    assert.ok(performance.now() - began < 120_000, "no page after two minutes");
    await sleep(100);
  }
  const [rest = ""] = commandsUnder("README.md", "Browsers and REST: Envoy");
  const [update = "", watch = ""] = rest.split("\n\n");
  assert.equal(JSON.parse(run(update, tokens())).duplicate, false);
  assert.match(firstMessageOf(watch), /^data: \{"entries":\[\{"playerId":"ada"/);
});

test("the demo plays through the public API", () => {
  const out = run("npm run --silent demo -- --seconds 3 2>&1");
  assert.match(out, /^[1-9]\d* events durable$/m);
});

/** What a live command shows before it is stopped. */
function firstMessageOf(command: string): string {
  return run(`timeout 5 ${command.trim()} || [ $? -eq 124 ]`);
}
