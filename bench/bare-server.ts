import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { BareOptions } from "./serve-bare.ts";

const file = fileURLToPath(new URL("serve-bare.ts", import.meta.url));

/** A server that answers at once, in a process of its own. */
export class BareServer {
  readonly pid: number;
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.port = port;
  }

  /** Resolves when it listens; `profileFolder` as for the service; `signal` kills it. */
  static async start(
    options: BareOptions,
    profileFolder: string | undefined,
    signal: AbortSignal,
  ): Promise<BareServer> {
    signal.throwIfAborted();
    const profile = ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`];
    const execArgv = [...process.execArgv, ...(profileFolder === undefined ? [] : profile)];
    const child = fork(file, { signal, execArgv });
    // An abort reaches the caller through `signal`.
    child.on("error", () => {});
    child.send(options);
    const ended = once(child, "exit").then(([code]) => {
      throw new Error(`a bare server ended before it listened (${code})`);
    });
    const [port] = await Promise.race([once(child, "message"), ended]);
    ended.catch(() => {});
    return new BareServer(child, Number(port));
  }

  /** Resolves when it has ended and left its profile. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    this.#child.disconnect();
    await once(this.#child, "exit");
  }
}
