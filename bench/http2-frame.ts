/** Frame types of RFC 9113 that a load generator meets. */
export const frameType = {
  data: 0,
  headers: 1,
  resetStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
} as const;

export const frameFlag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8 } as const;

export const setting = { initialWindowSize: 4 } as const;

/** Bytes before a frame's payload. */
export const frameHeadBytes = 9;

/** The greatest payload that a peer takes without having said more. */
export const maxPayloadBytes = 16_384;

/** The greatest window that flow control knows, and the one that it starts with. */
export const maxWindow = 2 ** 31 - 1;
export const firstWindow = 65_535;

/** What a client says first on a connection. */
export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

interface FrameHead {
  readonly type: number;
  readonly flags?: number;
  /** 0: the connection. */
  readonly streamId?: number;
}

/** A frame as it goes out. */
export function frame({ type, flags = 0, streamId = 0 }: FrameHead, payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(frameHeadBytes + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(streamId, 5);
  payload.copy(bytes, frameHeadBytes);
  return bytes;
}

/** Lets the peer send `increment` more bytes on the whole connection. */
export function windowUpdate(increment: number): Buffer {
  return frame({ type: frameType.windowUpdate }, uint32(increment));
}

/** Lets the peer send `bytes` on each stream before it waits. */
export function initialWindow(bytes: number): Buffer {
  const id = Buffer.of(0, setting.initialWindowSize);
  return frame({ type: frameType.settings }, Buffer.concat([id, uint32(bytes)]));
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
