import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("watchdog.sh", import.meta.url));

/**
 * A small shell that kills a server and deletes its folder as soon as this
 * process ends, even by SIGKILL, or calls `close`. It does not keep this
 * process alive.
 */
export class Watchdog {
  readonly #shell: ChildProcess;
  readonly #input: Socket;

  constructor(folder: string) {
    this.#shell = spawn("sh", [SCRIPT, folder], {
      cwd: "/",
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    this.#input = this.#shell.stdin as Socket;
    this.#shell.unref();
    this.#input.unref();
  }

  /** From now on `pid`, with all that it starts, is what must not outlive this process. */
  guard(pid: number): void {
    this.#input.write(`${pid}\n`);
  }

  /** The guarded process has ended: its id may soon be somebody else's. */
  release(): void {
    if (this.#input.writable) this.#input.write("\n");
  }

  /** Kills what is guarded, deletes the folder, and resolves when both are done. May be called once. */
  async close(): Promise<void> {
    this.#shell.ref();
    const ended = once(this.#shell, "exit");
    this.#input.end();
    await ended;
  }
}
