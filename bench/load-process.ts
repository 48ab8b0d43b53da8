import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { LoadAnswer, LoadCommand } from "./load.ts";

/** What a load measured, and the CPU it took for that. */
export interface Measured<R> {
  readonly result: R;
  readonly cpuSeconds: number;
}

/** A load in a process of its own, so that it runs beside the service and not within the bench. */
export class LoadProcess<O, R> {
  readonly #child: ChildProcess;
  readonly #ended: Promise<never>;

  private constructor(child: ChildProcess, file: string) {
    this.#child = child;
    this.#ended = once(child, "exit").then(([code, signal]) => {
      throw new Error(`${file} ended early (${signal ?? code}); what it wrote stands above`);
    });
    this.#ended.catch(() => {});
  }

  /** Resolves when the load runs; `signal` kills it. */
  static async start<O, R>(
    file: string,
    options: O,
    signal: AbortSignal,
  ): Promise<LoadProcess<O, R>> {
    signal.throwIfAborted();
    const child = fork(fileURLToPath(new URL(file, import.meta.url)), { signal });
    // An abort reaches the caller through `signal`.
    child.on("error", () => {});
    const load = new LoadProcess<O, R>(child, file);
    await load.#ask({ step: "start", options });
    return load;
  }

  async begin(): Promise<void> {
    await this.#ask({ step: "begin" });
  }

  /** Resolves with what was measured when the load has let everything under way end. */
  async end(): Promise<Measured<R>> {
    const { result, cpuSeconds } = await this.#ask({ step: "end" });
    if (result === undefined || cpuSeconds === undefined) throw new Error("a load has no result");
    return { result, cpuSeconds };
  }

  /** Ends the process, whatever it does. May be called twice. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended.catch(() => {});
  }

  async #ask(command: LoadCommand<O>): Promise<LoadAnswer<R>> {
    const answer = once(this.#child, "message");
    answer.catch(() => {});
    this.#child.send(command);
    const [message] = await Promise.race([answer, this.#ended]);
    return message as LoadAnswer<R>;
  }
}
