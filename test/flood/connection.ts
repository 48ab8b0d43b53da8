import { connect, type Socket } from "node:net";
import { connect as connectSecurely } from "node:tls";
import { frame, frameFlag, frameHeadBytes, frameType, preface } from "../../bench/http2-frame.ts";

/** What an attacker's connection has met so far. */
export interface Met {
  /** Streams that the service has ended, by an answer or by a reset. */
  answers: number;
  resets: number;
  /** The HTTP/2 error code of its GOAWAY. */
  goAway: number | undefined;
  bytes: number;
}

export interface FloodConnectionOptions {
  readonly port: number;
  readonly isSecure?: boolean;
  /** Never reads what the service says. */
  readonly isDeaf?: boolean;
  /** Said after the preface, instead of empty SETTINGS. */
  readonly settings?: Buffer;
  /** Speaks HTTP/2 from the start; false for those who send what they like. */
  readonly isHttp2?: boolean;
  readonly onAnswer?: (streamId: number) => void;
  /** The service lets this side send so many bytes more: on a stream, or on 0 for all. */
  readonly onWindow?: (streamId: number, bytes: number) => void;
}

/** A connection of an attacker: sends whatever frames it is given, whatever the service says to that. */
export class FloodConnection {
  readonly met: Met = { answers: 0, resets: 0, goAway: undefined, bytes: 0 };
  /** Resolves when the service, or this side, has ended it. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #options: FloodConnectionOptions;
  #held: Buffer = Buffer.alloc(0);
  #isClosed = false;

  private constructor(options: FloodConnectionOptions) {
    this.#options = options;
    const at = { port: options.port, host: "127.0.0.1" };
    this.#socket = options.isSecure
      ? connectSecurely({ ...at, rejectUnauthorized: false, ALPNProtocols: ["h2"] })
      : connect(at);
    // Being thrown out is what attackers expect.
    this.#socket.on("error", () => {});
    this.closed = new Promise((resolve) => this.#socket.once("close", () => resolve()));
    this.closed.then(() => {
      this.#isClosed = true;
    });
  }

  /** Resolves when it is open, or was refused. */
  static async open(options: FloodConnectionOptions): Promise<FloodConnection> {
    const connection = new FloodConnection(options);
    const opened = new Promise((resolve) =>
      connection.#socket.once(options.isSecure ? "secureConnect" : "connect", resolve),
    );
    await Promise.race([opened, connection.closed]);
    if (options.isHttp2 !== false) {
      const settings = options.settings ?? frame({ type: frameType.settings }, Buffer.alloc(0));
      connection.send(Buffer.concat([preface, settings]));
      if (!options.isDeaf) connection.#socket.on("data", (bytes) => connection.#read(bytes));
    } else if (!options.isDeaf) connection.#socket.resume();
    return connection;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(bytes: Buffer): void {
    if (!this.#isClosed) this.#socket.write(bytes);
  }

  /** Resolves when what was sent has left, or the connection is closed. */
  async drained(): Promise<void> {
    if (this.#isClosed || !this.#socket.writableNeedDrain) return;
    await Promise.race([
      new Promise((resolve) => this.#socket.once("drain", resolve)),
      this.closed,
    ]);
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    this.met.bytes += bytes.length;
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    let at = 0;
    while (this.#held.length - at >= frameHeadBytes) {
      const next = at + frameHeadBytes + this.#held.readUIntBE(at, 3);
      if (next > this.#held.length) break;
      this.#take(at, next);
      at = next;
    }
    this.#held = this.#held.subarray(at);
  }

  #take(at: number, to: number): void {
    const type = this.#held[at + 3] ?? 0;
    const flags = this.#held[at + 4] ?? 0;
    const streamId = this.#held.readUInt32BE(at + 5);
    const isEnd = (flags & frameFlag.endStream) !== 0;
    const answers: readonly number[] = [frameType.data, frameType.headers];
    if (answers.includes(type) && isEnd) {
      this.met.answers += 1;
      this.#options.onAnswer?.(streamId);
    } else if (type === frameType.resetStream) {
      this.met.resets += 1;
      this.#options.onAnswer?.(streamId);
    } else if (type === frameType.windowUpdate) {
      this.#options.onWindow?.(streamId, this.#held.readUInt32BE(at + frameHeadBytes));
    } else if (type === frameType.goAway) {
      this.met.goAway = this.#held.readUInt32BE(at + frameHeadBytes + 4);
    } else if ((type === frameType.settings || type === frameType.ping) && !isEnd) {
      const payload = type === frameType.ping ? this.#held.subarray(at + frameHeadBytes, to) : "";
      this.send(frame({ type, flags: frameFlag.ack }, Buffer.from(payload)));
    }
  }
}
