import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const demo = fileURLToPath(new URL("../../src/app/demo.ts", import.meta.url));

export interface LoadOptions {
  readonly grpcPort: number;
  readonly token: string;
  readonly gameId: string;
  readonly players: number;
  /** Updates a second. */
  readonly rate: number;
}

/** The demo game in a process of its own, so that it shares no event loop with a test. */
export class LiveLoad {
  readonly #child: ChildProcess;
  readonly #said: Promise<string>;

  constructor({ grpcPort, token, gameId, players, rate }: LoadOptions) {
    const options = {
      address: `127.0.0.1:${grpcPort}`,
      game: gameId,
      players: String(players),
      rate: String(rate),
    };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    this.#child = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", demo, ...args],
      {
        env: { ...process.env, DEMO_TOKEN: token },
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    this.#said = this.#child.stderr ? text(this.#child.stderr) : Promise.resolve("");
  }

  /** Ends it; resolves with the number of scores that were acknowledged. Rejects if it failed. May be called once. */
  async stop(): Promise<number> {
    this.#child.kill("SIGINT");
    if (this.#child.exitCode === null) await once(this.#child, "exit");
    const said = await this.#said;
    const count = /(\d+) events durable\n?$/.exec(said)?.[1];
    if (count === undefined) throw new Error(`the load failed: ${said}`);
    return Number(count);
  }
}
