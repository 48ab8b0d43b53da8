import { callHeaders } from "../../bench/header-block.ts";
import { frame, frameFlag, frameType } from "../../bench/http2-frame.ts";
import type { Load } from "../../bench/load.ts";
import { FloodConnection } from "./connection.ts";
import { openMany } from "./open-many.ts";

export interface DripFloodOptions {
  readonly attack: "drips";
  readonly grpcPort: number;
  readonly httpPort: number;
  /** On each lane. */
  readonly connections: number;
  readonly token: string;
}

export interface DripFloodResult {
  readonly connections: number;
  readonly stillOpen: number;
  /** Bytes that came one at a time. */
  readonly drips: number;
}

/** Each connection sends its next byte once a second, a twentieth of them at a time. */
const turns = 20;
const turnMs = 50;

/** How long the message is said to be; nobody waits for its end. */
const messageBytes = 10_000;

interface Line {
  readonly connection: FloodConnection;
  readonly drip: Buffer;
}

/** Calls of a caller with a good token, whose messages come a byte a second, on both lanes. */
export class DripFlood implements Load<DripFloodResult> {
  readonly #lines: Line[] = [];
  #drips = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Resolves when every call has begun. */
  static async start(options: DripFloodOptions): Promise<DripFlood> {
    const flood = new DripFlood();
    for (const begin of [beginGrpc, beginWeb]) {
      flood.#lines.push(...(await openMany(options.connections, () => begin(options))));
    }
    return flood;
  }

  begin(): void {
    let turn = 0;
    this.#timer = setInterval(() => {
      for (let at = turn % turns; at < this.#lines.length; at += turns) {
        const line = this.#lines[at];
        if (line === undefined || line.connection.isClosed) continue;
        line.connection.send(line.drip);
        this.#drips += 1;
      }
      turn += 1;
    }, turnMs);
  }

  async end(): Promise<DripFloodResult> {
    clearInterval(this.#timer);
    const stillOpen = this.#lines.filter(({ connection }) => !connection.isClosed).length;
    for (const { connection } of this.#lines) connection.close();
    return { connections: this.#lines.length, stillOpen, drips: this.#drips };
  }
}

async function beginGrpc({ grpcPort, token }: DripFloodOptions): Promise<Line> {
  const connection = await FloodConnection.open({ port: grpcPort });
  const { first } = callHeaders("UpdateScore", token);
  const head = { type: frameType.headers, flags: frameFlag.endHeaders, streamId: 1 };
  const message = Buffer.alloc(5);
  message.writeUInt32BE(messageBytes, 1);
  const data = { type: frameType.data, streamId: 1 };
  connection.send(Buffer.concat([frame(head, first), frame(data, message)]));
  return { connection, drip: frame(data, Buffer.of(1)) };
}

async function beginWeb({ httpPort, token }: DripFloodOptions): Promise<Line> {
  const connection = await FloodConnection.open({ port: httpPort, isHttp2: false });
  const head = [
    "POST /score.v1.ScoreService/UpdateScore HTTP/1.1",
    "host: x",
    `authorization: Bearer ${token}`,
    "content-type: application/json",
    `content-length: ${messageBytes}`,
  ];
  connection.send(Buffer.from(`${head.join("\r\n")}\r\n\r\n{`));
  return { connection, drip: Buffer.from(" ") };
}
