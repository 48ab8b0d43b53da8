import type { ServerProcess } from "./server-process.ts";

/** What every server of the tests can be done to, whatever it serves. */
export abstract class ManagedServer {
  protected readonly process: ServerProcess;
  readonly #closeSignal: NodeJS.Signals | undefined;

  /** `closeSignal` ends the server at `close`; without one it is killed. */
  constructor(process: ServerProcess, closeSignal?: NodeJS.Signals) {
    this.process = process;
    this.#closeSignal = closeSignal;
  }

  /** A crash: SIGKILL to the server and all its children at once. */
  async kill(): Promise<void> {
    await this.process.kill();
  }

  /** Silence: connections stay open, new ones are accepted by the kernel, nothing is answered. */
  async pause(): Promise<void> {
    await this.process.pause();
  }

  async resume(): Promise<void> {
    await this.process.resume();
  }

  /** What the server wrote since it was last started. */
  async log(): Promise<string> {
    return this.process.log();
  }

  /** Ends the server in whatever state it is and deletes its folder. May be called twice. */
  async close(): Promise<void> {
    await this.process.close(this.#closeSignal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
