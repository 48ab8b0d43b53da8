import type { Load } from "../../bench/load.ts";
import { FloodConnection } from "./connection.ts";

export interface IdleFloodOptions {
  readonly attack: "idle";
  readonly at: readonly {
    readonly port: number;
    readonly connections: number;
    readonly isHttp2: boolean;
  }[];
}

export interface IdleFloodResult {
  readonly opened: number;
  readonly stillOpen: number;
}

/** How many connections are opened at a time. */
const atOnce = 100;

/** Connections that are opened and then not used; with HTTP/2 they answer pings. */
export class IdleFlood implements Load<IdleFloodResult> {
  readonly #connections: FloodConnection[] = [];

  /** Resolves when all are open. */
  static async start({ at }: IdleFloodOptions): Promise<IdleFlood> {
    const flood = new IdleFlood();
    for (const { connections, ...options } of at) {
      for (let opened = 0; opened < connections; opened += atOnce) {
        const batch = Array.from({ length: atOnce }, () => FloodConnection.open(options));
        flood.#connections.push(...(await Promise.all(batch)));
      }
    }
    return flood;
  }

  begin(): void {}

  async end(): Promise<IdleFloodResult> {
    const stillOpen = this.#connections.filter(({ isClosed }) => !isClosed).length;
    for (const connection of this.#connections) connection.close();
    return { opened: this.#connections.length, stillOpen };
  }
}
