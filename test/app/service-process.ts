import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { compileCache } from "../servers/compile-cache.ts";

const main = fileURLToPath(new URL("../../src/app/main.ts", import.meta.url));

/** How the process ended: its exit code, or the signal that killed it. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** `npm start` in a process of its own, with the settings given and no others. */
export class ServiceProcess {
  readonly ports: { readonly grpcPort: number; readonly httpPort: number };
  readonly ended: Promise<Ending>;
  /** All that it wrote on standard output, the greeting; resolves when it has ended. */
  readonly output: Promise<string>;
  /** All that it wrote on standard error; resolves when it has ended. */
  readonly errors: Promise<string>;
  readonly #child: ChildProcess;

  private constructor(
    child: ChildProcess,
    greeting: string,
    { output, errors }: Pick<ServiceProcess, "output" | "errors">,
  ) {
    const portOf = (lane: string) =>
      Number(new RegExp(`${lane} +https?://[^ ]+:(\\d+)`).exec(greeting)?.[1]);
    this.ports = { grpcPort: portOf("gRPC"), httpPort: portOf("web") };
    this.#child = child;
    this.output = output;
    this.errors = errors;
    this.ended = ending(child);
  }

  /** Resolves when it has said that it runs; rejects with what it said when it does not. */
  static async start(settings: Readonly<Record<string, string>>): Promise<ServiceProcess> {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", main], {
      env: {
        PATH: process.env.PATH,
        ...compileCache,
        SCORE_GRPC_PORT: "0",
        SCORE_HTTP_PORT: "0",
        ...settings,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const errors = text(child.stderr);
    let greeting = "";
    const greeted = new Promise<void>((resolve) => {
      child.stdout.setEncoding("utf8").on("data", (chunk) => {
        greeting += chunk;
        if (/^ {2}ranking /m.test(greeting)) resolve();
      });
    });
    const output = once(child.stdout, "end").then(() => greeting);
    const hasStarted = await Promise.race([greeted.then(() => true), output.then(() => false)]);
    if (hasStarted) return new ServiceProcess(child, greeting, { output, errors });
    throw new Error(`the service did not start: ${await errors}`);
  }

  get pid(): number {
    return this.#child.pid ?? Number.NaN;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Ends it in whatever state it is. */
  async close(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended;
  }
}

/** A folder for one test, and how to throw it away. */
export async function newFolder() {
  const path = await mkdtemp(join(tmpdir(), "score-test-"));
  const remove = () => rm(path, { recursive: true });
  return { path, remove, [Symbol.asyncDispose]: remove };
}

async function ending(child: ChildProcess): Promise<Ending> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return { code: child.exitCode, signal: child.signalCode };
}
