import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { callHeaders, type HeaderBlock } from "../../bench/header-block.ts";
import { frame, frameFlag, frameType, initialWindow } from "../../bench/http2-frame.ts";
import type { Load } from "../../bench/load.ts";
import { FloodConnection } from "./connection.ts";

export interface CallFloodOptions {
  readonly attack: "calls";
  readonly port: number;
  readonly method: string;
  /** The call's message as it goes over the line, in base64. */
  readonly message: string;
  readonly token?: string;
  /** Each call has a token that nobody signed, and none is like another. */
  readonly hasBadTokens?: boolean;
  readonly connections: number;
  /** Of each connection; an answer is followed by the next call. Without it nobody waits for answers. */
  readonly inFlight?: number;
  /** Reads no answer, and has room for none. */
  readonly isDeaf?: boolean;
  /** All connections together; as fast as the answers come without it. */
  readonly perSecond?: number;
}

export interface CallFloodResult {
  readonly sent: number;
  /** Calls that the service has ended, in whatever way. */
  readonly answers: number;
  /** Connections that the service ended; each was followed by a new one. */
  readonly thrownOut: number;
}

/** How often what is due is sent, in ms, and how much of it on one connection. */
const stepMs = 5;
const mostAtOnce = 50;

/** An attacker that finds nobody must not spin. */
const reconnectMs = 5;

/** Calls, one after the other on each of many connections, and never an end. */
export class CallFlood implements Load<CallFloodResult> {
  readonly #options: CallFloodOptions;
  readonly #message: Buffer;
  #headers: HeaderBlock | undefined;
  #isOver = false;
  #sent = 0;
  #answers = 0;
  #thrownOut = 0;
  #began = 0;

  constructor(options: CallFloodOptions) {
    this.#options = options;
    this.#message = Buffer.from(options.message, "base64");
  }

  begin(): void {
    this.#began = performance.now();
    for (let n = 0; n < this.#options.connections; n++) void this.#attack();
  }

  async end(): Promise<CallFloodResult> {
    this.#isOver = true;
    return { sent: this.#sent, answers: this.#answers, thrownOut: this.#thrownOut };
  }

  async #attack(): Promise<void> {
    while (!this.#isOver) {
      await this.#connection();
      this.#thrownOut += 1;
      await pause(reconnectMs);
    }
  }

  /** Resolves when the service has ended it. */
  async #connection(): Promise<void> {
    let streamId = -1;
    const next = () => {
      if (this.#isOver) return connection.close();
      const { perSecond } = this.#options;
      const dueAt = perSecond === undefined ? 0 : this.#began + (this.#sent * 1_000) / perSecond;
      this.#sent += 1;
      const wait = dueAt - performance.now();
      if (wait > 1) setTimeout(send, wait);
      else send();
    };
    const send = () => {
      streamId += 2;
      connection.send(this.#call(streamId));
    };
    const connection = await FloodConnection.open({
      port: this.#options.port,
      ...(this.#options.isDeaf ? { isDeaf: true, settings: initialWindow(0) } : {}),
      onAnswer: () => {
        this.#answers += 1;
        if (this.#options.inFlight !== undefined) next();
      },
    });
    const { inFlight } = this.#options;
    if (inFlight === undefined) await this.#pour(connection, send);
    for (let n = 0; n < (inFlight ?? 0); n++) next();
    await connection.closed;
  }

  /** Resolves when the connection has ended: sends what is due of all connections together. */
  async #pour(connection: FloodConnection, send: () => void): Promise<void> {
    while (!this.#isOver && !connection.isClosed) {
      const due = ((performance.now() - this.#began) * (this.#options.perSecond ?? 0)) / 1_000;
      for (let n = 0; this.#sent < due && n < mostAtOnce; n++) {
        this.#sent += 1;
        send();
      }
      await connection.drained();
      await pause(stepMs);
    }
    connection.close();
  }

  #call(streamId: number): Buffer {
    const { method, token, hasBadTokens } = this.#options;
    let headers: Buffer;
    if (hasBadTokens) headers = callHeaders(method, badToken()).first;
    else {
      this.#headers ??= callHeaders(method, token);
      headers = streamId === 1 ? this.#headers.first : this.#headers.again;
    }
    const head = { type: frameType.headers, flags: frameFlag.endHeaders, streamId };
    const body = { type: frameType.data, flags: frameFlag.endStream, streamId };
    return Buffer.concat([frame(head, headers), frame(body, this.#message)]);
  }
}

const head = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString("base64url");

/** Well-formed and in time; only the signature is nobody's. */
function badToken(): string {
  const sub = randomBytes(6).toString("hex");
  const exp = Math.floor(Date.now() / 1_000) + 3_600;
  const claims = Buffer.from(JSON.stringify({ sub, role: "player", game: "*", exp }));
  return `${head}.${claims.toString("base64url")}.${randomBytes(32).toString("base64url")}`;
}
