/** A message as gRPC, gRPC-Web and the streams of Connect send it. */
export interface Envelope {
  /** 0 for a message; else the end, or what is packed. */
  readonly flags: number;
  readonly bytes: Buffer;
}

/** One message that is not packed: flags, length, content. */
export function enveloped(content: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(5 + content.length);
  new DataView(bytes.buffer).setUint32(1, content.length);
  bytes.set(content, 5);
  return bytes;
}

/** The messages in `body`, as soon as each is whole. */
export async function* envelopes(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Envelope> {
  let rest = Buffer.alloc(0);
  for await (const chunk of body) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const end = 5 + rest.readUInt32BE(1);
      yield { flags: rest.readUInt8(0), bytes: rest.subarray(5, end) };
      rest = rest.subarray(end);
    }
  }
}
