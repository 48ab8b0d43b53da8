/** A byte that says "not compressed" and four with the length. */
export const messageHeadBytes = 5;

/** A message as it stands in a gRPC stream. */
export function grpcMessage(message: Uint8Array): Buffer {
  const bytes = Buffer.alloc(messageHeadBytes + message.length);
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, messageHeadBytes);
  return bytes;
}

/** Where the message that starts at `at` ends; throws when it is compressed, which nobody asked for. */
export function messageEnd(bytes: Buffer, at: number): number {
  if (bytes[at] !== 0) throw new Error("a message is compressed, or no message");
  return at + messageHeadBytes + bytes.readUInt32BE(at + 1);
}

/** Finds the messages of one gRPC stream in its pieces; a whole one is not copied. */
export class GrpcMessages {
  readonly #onMessage: (bytes: Buffer, from: number, to: number) => void;
  /** The start of a message whose rest has not come. */
  #start: Buffer | undefined;

  constructor(onMessage: (bytes: Buffer, from: number, to: number) => void) {
    this.#onMessage = onMessage;
  }

  push(bytes: Buffer, from: number, to: number): void {
    if (this.#start !== undefined) {
      const joined = Buffer.concat([this.#start, bytes.subarray(from, to)]);
      this.#start = undefined;
      this.push(joined, 0, joined.length);
      return;
    }
    let at = from;
    while (to - at >= messageHeadBytes) {
      const end = messageEnd(bytes, at);
      if (end > to) break;
      this.#onMessage(bytes, at + messageHeadBytes, end);
      at = end;
    }
    if (at < to) this.#start = Buffer.from(bytes.subarray(at, to));
  }
}
