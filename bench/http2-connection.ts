import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { HeaderBlock } from "./header-block.ts";
import {
  firstWindow,
  frame,
  frameFlag,
  frameHeadBytes,
  frameType,
  initialWindow,
  maxPayloadBytes,
  maxWindow,
  preface,
  setting,
  windowUpdate,
} from "./http2-frame.ts";

/** More than the greatest frame; one read takes what fits. */
const readBytes = 256 * 1_024;

/** What a connection tells; a throw in one of these ends the process, and so the measure. */
export interface StreamEvents {
  /** `bytes` from `from` up to `to`, valid during the call only. */
  readonly onData: (streamId: number, bytes: Buffer, from: number, to: number) => void;
  readonly onEnd: (streamId: number) => void;
}

interface Waiting {
  readonly streamId: number;
  readonly bytes: Buffer;
  readonly isLast: boolean;
}

/**
 * HTTP/2 with as little work as a load generator can do: on a machine with two
 * cores the load takes from the service what is to be measured. It holds one
 * kind of call, lets the peer send 2 GiB on the connection and on each stream,
 * which no measure reaches, and looks at headers no further than for the end.
 * CPU of a unary call, by bench/main.ts: 4 µs, where grpc-js takes 75.
 */
export class Http2Connection {
  readonly #socket: Socket;
  readonly #headers: HeaderBlock;
  readonly #events: StreamEvents;
  readonly #buffer = Buffer.allocUnsafeSlow(readBytes);
  /** Bytes at the start of the buffer that are not yet a whole frame. */
  #held = 0;
  #nextStreamId = 1;
  /** Bytes that may go out on the connection before the peer says more. */
  #window = firstWindow;
  /** The same of a stream, at first; and of the streams that are open to this side. */
  #streamWindow = firstWindow;
  readonly #windows = new Map<number, number>();
  /** What the windows hold back, oldest first. */
  readonly #waiting: Waiting[] = [];
  /** What goes out at the end of this turn of the event loop, in one write. */
  #out: Buffer[] = [];
  #isClosed = false;

  private constructor(port: number, headers: HeaderBlock, events: StreamEvents) {
    this.#headers = headers;
    this.#events = events;
    this.#socket = connect({
      port,
      host: "127.0.0.1",
      noDelay: true,
      onread: {
        buffer: () => this.#buffer.subarray(this.#held),
        callback: (count) => this.#read(count),
      },
    });
  }

  static async open(
    port: number,
    headers: HeaderBlock,
    events: StreamEvents,
  ): Promise<Http2Connection> {
    const connection = new Http2Connection(port, headers, events);
    await once(connection.#socket, "connect");
    connection.#socket.on("close", () => {
      if (!connection.#isClosed) throw new Error("the service closed a connection");
    });
    connection.#write(preface);
    connection.#write(initialWindow(maxWindow));
    connection.#write(windowUpdate(maxWindow - firstWindow));
    return connection;
  }

  /** Begins a call with its first bytes, which are the only ones when `isLast`; returns its stream. */
  call(bytes: Buffer, isLast: boolean): number {
    const streamId = this.#nextStreamId;
    this.#nextStreamId += 2;
    const block = streamId === 1 ? this.#headers.first : this.#headers.again;
    const flags = frameFlag.endHeaders;
    this.#write(frame({ type: frameType.headers, flags, streamId }, block));
    this.#windows.set(streamId, this.#streamWindow);
    this.send(streamId, bytes, isLast);
    return streamId;
  }

  /** More bytes of a call, sent as flow control allows. */
  send(streamId: number, bytes: Buffer, isLast: boolean): void {
    this.#waiting.push({ streamId, bytes, isLast });
    if (this.#waiting.length === 1) this.#sendWaiting();
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }

  #sendWaiting(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const { streamId, bytes, isLast } = next;
      const window = this.#windows.get(streamId) ?? 0;
      const room = Math.min(bytes.length, maxPayloadBytes, this.#window, window);
      if (room <= 0 && bytes.length > 0) return;
      const isWhole = room === bytes.length;
      const flags = isLast && isWhole ? frameFlag.endStream : 0;
      this.#write(frame({ type: frameType.data, flags, streamId }, bytes.subarray(0, room)));
      this.#window -= room;
      if (flags === 0) this.#windows.set(streamId, window - room);
      else this.#windows.delete(streamId);
      if (isWhole) this.#waiting.shift();
      else this.#waiting[0] = { streamId, bytes: bytes.subarray(room), isLast };
    }
  }

  #write(bytes: Buffer): void {
    if (this.#out.push(bytes) > 1) return;
    setImmediate(() => {
      const out = this.#out;
      this.#out = [];
      if (!this.#isClosed) this.#socket.write(Buffer.concat(out));
    });
  }

  #read(count: number): boolean {
    const end = this.#held + count;
    let at = 0;
    while (end - at >= frameHeadBytes) {
      const next = at + frameHeadBytes + this.#buffer.readUIntBE(at, 3);
      if (next > end) break;
      this.#take(at, next);
      at = next;
    }
    this.#buffer.copyWithin(0, at, end);
    this.#held = end - at;
    return true;
  }

  #take(at: number, to: number): void {
    const type = this.#buffer[at + 3];
    const flags = this.#buffer[at + 4] ?? 0;
    const streamId = this.#buffer.readUInt32BE(at + 5);
    const from = at + frameHeadBytes;
    if (type === frameType.data) {
      if (flags & frameFlag.padded) throw new Error("the service pads its frames");
      if (to > from) this.#events.onData(streamId, this.#buffer, from, to);
      if (flags & frameFlag.endStream) this.#events.onEnd(streamId);
    } else if (type === frameType.headers) {
      if (flags & frameFlag.endStream) this.#events.onEnd(streamId);
    } else if (type === frameType.windowUpdate) {
      this.#grow(streamId, this.#buffer.readUInt32BE(from));
    } else if (type === frameType.settings && !(flags & frameFlag.ack)) {
      this.#obey(this.#buffer.subarray(from, to));
      this.#write(frame({ type, flags: frameFlag.ack }, Buffer.alloc(0)));
    } else if (type === frameType.ping && !(flags & frameFlag.ack)) {
      this.#write(frame({ type, flags: frameFlag.ack }, this.#buffer.subarray(from, to)));
    } else if (type === frameType.resetStream || type === frameType.goAway) {
      const code = this.#buffer.readUInt32BE(type === frameType.goAway ? from + 4 : from);
      throw new Error(`the service ended stream ${streamId} with HTTP/2 error ${code}`);
    }
  }

  #grow(streamId: number, increment: number): void {
    if (streamId === 0) this.#window += increment;
    else {
      const window = this.#windows.get(streamId);
      if (window !== undefined) this.#windows.set(streamId, window + increment);
    }
    this.#sendWaiting();
  }

  #obey(settings: Buffer): void {
    for (let at = 0; at < settings.length; at += 6) {
      if (settings.readUInt16BE(at) !== setting.initialWindowSize) continue;
      const size = settings.readUInt32BE(at + 2);
      const grown = size - this.#streamWindow;
      this.#streamWindow = size;
      for (const [id, window] of this.#windows) this.#windows.set(id, window + grown);
    }
    this.#sendWaiting();
  }
}
