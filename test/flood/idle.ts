import type { Load } from "../../bench/load.ts";
import { FloodConnection } from "./connection.ts";
import { openMany } from "./open-many.ts";

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

/** Connections that are opened and then not used; with HTTP/2 they answer pings. */
export class IdleFlood implements Load<IdleFloodResult> {
  readonly #connections: FloodConnection[] = [];

  /** Resolves when all are open. */
  static async start({ at }: IdleFloodOptions): Promise<IdleFlood> {
    const flood = new IdleFlood();
    for (const { connections, ...options } of at) {
      flood.#connections.push(
        ...(await openMany(connections, () => FloodConnection.open(options))),
      );
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
