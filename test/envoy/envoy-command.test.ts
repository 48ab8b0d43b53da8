import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parse } from "yaml";
import { envoyBinary, NoEnvoy } from "../../deploy/envoy-binary.ts";
import { envoySettingNames } from "../../deploy/envoy-config.ts";
import { eventually } from "../lanes/eventually.ts";
import { freePort } from "../servers/free-port.ts";

const project = fileURLToPath(new URL("../../", import.meta.url));
const command = join(project, "deploy/run-envoy.ts");

const run = (env: Readonly<Record<string, string>>, ...args: string[]) =>
  promisify(execFile)(process.execPath, [command, ...args], {
    env: { PATH: process.env.PATH, ...env },
  });

describe("npm run envoy", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "score-test-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("serves on the port that is set, and ends when it is told to", async () => {
    const port = await freePort();
    const envoy = spawn(process.execPath, [command], {
      env: { PATH: process.env.PATH, ENVOY_PORT: String(port), ENVOY_ADMIN_PORT: "0" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const said = text(envoy.stderr);
    try {
      await eventually("it answers", () =>
        fetch(`http://127.0.0.1:${port}/v1/games/chess/leaderboard`).then(
          ({ status }) => status === 503,
          () => false,
        ),
      );
    } finally {
      envoy.kill("SIGTERM");
    }
    assert.deepEqual(await once(envoy, "exit"), [0, null]);
    assert.match(await said, new RegExp(`http://127.0.0.1:${port}\n`));
  });

  it("prints envoy.yaml with the addresses of the environment, comments and all", async () => {
    const { stdout } = await run(
      {
        ENVOY_PORT: "443",
        ENVOY_GRPC_UPSTREAMS: "score-1:50051, [::1]:50052",
        ENVOY_WEB_UPSTREAMS: "score-1:8080",
      },
      "--print",
    );
    const { listeners, clusters } = parse(stdout).static_resources;
    assert.deepEqual(listeners[0].address.socket_address, { address: "0.0.0.0", port_value: 443 });
    const upstreams = clusters.map(
      ({ load_assignment }: { load_assignment: { endpoints: { lb_endpoints: unknown[] }[] } }) =>
        load_assignment.endpoints[0]?.lb_endpoints,
    );
    const at = (address: string, port_value: number) => ({
      endpoint: { address: { socket_address: { address, port_value } } },
    });
    assert.deepEqual(upstreams, [
      [at("score-1", 50_051), at("::1", 50_052)],
      [at("score-1", 8_080)],
    ]);
    const printed = join(folder, "envoy.yaml");
    await writeFile(printed, stdout);
    assert.match(stdout, /# The default stops at 1,024 requests/);
    const binary = await envoyBinary(process.env.PATH ?? "", () => {});
    await promisify(execFile)(binary, ["-c", printed, "--mode", "validate"], { cwd: project });
  });

  it("changes nothing that is not set", async () => {
    const yaml = await readFile(join(project, "envoy.yaml"), "utf8");
    assert.deepEqual(parse((await run({}, "--print")).stdout), parse(yaml));
  });

  it("says in a line what is wrong with a setting", async () => {
    for (const [name, value, message] of [
      ["ENVOY_PORT", "http", "ENVOY_PORT: must be a port"],
      ["ENVOY_GRPC_UPSTREAMS", "score", "ENVOY_GRPC_UPSTREAMS: must be host:port"],
      ["ENVOY_PROT", "1", "ENVOY_PROT is not a setting; the README has a table of them"],
    ] as const) {
      await assert.rejects(run({ [name]: value }), (error: { code: number; stderr: string }) => {
        assert.deepEqual([error.code, error.stderr], [1, `envoy: ${message}\n`]);
        return true;
      });
    }
  });

  it("says in a line how to get an Envoy where there is none", async () => {
    // A cache that is there would hide it: only the look-up on the PATH and the fetch are at hand.
    const other = join(folder, "project");
    await promisify(execFile)("cp", ["-r", join(project, "deploy"), other]);
    await symlink(join(project, "node_modules"), join(folder, "node_modules"));
    const copy = await import(join(other, "envoy-binary.ts"));
    const path = process.env.PATH;
    process.env.PATH = folder;
    try {
      await assert.rejects(
        copy.envoyBinary(folder, () => {}),
        (error: Error) => {
          assert.equal(error.constructor.name, NoEnvoy.name);
          assert.match(error.message, /^no Envoy: install `envoy` .* or python3 with pip.*$/);
          return true;
        },
      );
    } finally {
      process.env.PATH = path;
    }
  });

  it("prefers the one on the PATH", async () => {
    const own = join(folder, "envoy");
    await symlink(process.execPath, own);
    await access(own);
    assert.equal(await envoyBinary(folder, () => assert.fail("fetched")), own);
  });
});

it("the README's table names every setting of Envoy and no other", async () => {
  const readme = await readFile(join(project, "README.md"), "utf8");
  const rows = readme.matchAll(/^\| `(ENVOY_\w*)` \|/gm);
  assert.deepEqual([...rows].map(([, name]) => name).sort(), [...envoySettingNames].sort());
});
