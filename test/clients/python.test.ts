import assert from "node:assert/strict";
import { type ExecFileException, execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { RunningService } from "../../src/app/service.ts";
import { type Backend, startEmbedded } from "../lanes/backends.ts";
import { startTestService, tokenFor } from "../lanes/test-service.ts";

const clientFolder = fileURLToPath(new URL("python/", import.meta.url));

describe("a Python client that knows only server reflection", () => {
  let backend: Backend;
  let service: RunningService;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "score-python-"));
    backend = await startEmbedded();
    service = await startTestService(backend);
  });
  after(async () => {
    await service?.close();
    await backend?.close();
    await rm(folder, { recursive: true });
  });

  it("updates and watches a board", { timeout: 150_000 }, async ({ signal }) => {
    const python = await makeEnvironment(folder, signal);
    const stdout = await run({
      command: python,
      args: [join(clientFolder, "client.py"), `127.0.0.1:${service.grpcPort}`, "chess"],
      env: { SCORE_TOKEN: await tokenFor("server", "python") },
      signal,
    });
    const said = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));

    assert.deepEqual(
      said.flatMap((line) => Object.keys(line)),
      ["services", "update", "frame", "update", "frame", "error"],
      stdout,
    );
    const [{ services }, ada, first, bo, second, { error }] = said;
    for (const name of ["score.v1.AdminService", "score.v1.ScoreService"]) {
      assert.ok(services.includes(name), stdout);
    }
    assert.deepEqual(
      [ada, bo].map(({ update }) => update.standings),
      [[{ boardId: "main", score: "5", rank: "1" }], [{ boardId: "main", score: "7", rank: "1" }]],
    );
    assert.deepEqual(
      [first, second].map(({ frame }) => lines(frame)),
      [["1 ada 5"], ["1 bo 7", "2 ada 5"]],
    );
    assert.deepEqual(error, {
      code: "INVALID_ARGUMENT",
      message: "limit must be 1 to 100",
      details: [
        {
          "@type": "type.googleapis.com/google.rpc.ErrorInfo",
          reason: "INVALID_REQUEST",
          domain: "score.v1",
        },
        {
          "@type": "type.googleapis.com/google.rpc.BadRequest",
          fieldViolations: [{ field: "limit", description: "must be 1 to 100" }],
        },
      ],
    });
  });
});

interface Frame {
  readonly entries: readonly Readonly<Record<"rank" | "playerId" | "score", string>>[];
}

function lines({ entries }: Frame): string[] {
  return entries.map(({ rank, playerId, score }) => `${rank} ${playerId} ${score}`);
}

/** Installs the client's packages below `folder`; resolves with the Python that has them. */
async function makeEnvironment(folder: string, signal: AbortSignal): Promise<string> {
  const check = ["-c", "import ensurepip, venv"];
  await run({ command: "python3", args: check, signal }).catch((cause) => {
    if (signal.aborted) throw cause;
    const advice = "install Python 3.10 or later with venv (apt-get install python3 python3-venv)";
    throw new Error(advice, { cause });
  });
  await run({ command: "python3", args: ["-m", "venv", folder], signal });
  const python = join(folder, "bin", "python");
  const quiet = ["--quiet", "--disable-pip-version-check", "--no-input"];
  const requirements = ["--requirement", join(clientFolder, "requirements.txt")];
  const install = ["-m", "pip", "install", ...quiet, "--only-binary", ":all:", ...requirements];
  await run({ command: python, args: install, signal });
  return python;
}

interface Command {
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the ordinary environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Resolves with what the command printed; rejects with what it complained of. */
async function run({ command, args, env, signal }: Command): Promise<string> {
  const options = { env: { ...process.env, ...env }, signal };
  try {
    return (await promisify(execFile)(command, args, options)).stdout;
  } catch (cause) {
    const { stderr, message } = cause as ExecFileException;
    throw new Error(stderr?.trim() || message, { cause });
  }
}
