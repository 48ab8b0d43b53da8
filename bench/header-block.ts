/** The greatest length that fits into the first byte of a string (RFC 7541, 5.1). */
const shortLength = 127;

/** Where the entries that a connection adds to the header table begin: 61 are there from the start. */
const newestEntry = 62;

/**
 * The headers of a call, compressed as ordinary clients do it: the first call
 * of a connection spells them out and the others point to them, a byte each.
 */
export class HeaderBlock {
  readonly first: Buffer;
  readonly again: Buffer;

  /** Pseudo-headers come first; at most 60 headers and 4,096 bytes in all. */
  constructor(headers: Readonly<Record<string, string>>) {
    const entries = Object.entries(headers);
    const spelled = entries.map(([name, value]) => [Buffer.of(0x40), text(name), text(value)]);
    this.first = Buffer.concat(spelled.flat());
    const indexes = entries.map((_, place) => newestEntry + entries.length - 1 - place);
    this.again = Buffer.from(indexes.map((index) => 0x80 | index));
  }
}

/** How a call is spoken, by its content type. */
export type CallType = "application/grpc" | "application/grpc-web+proto";

/** The headers of a call; without `authorization` when there is no token. */
export function callHeaders(
  method: string,
  token?: string,
  type: CallType = "application/grpc",
): HeaderBlock {
  return new HeaderBlock({
    ":method": "POST",
    ":scheme": "http",
    ":path": `/score.v1.ScoreService/${method}`,
    ":authority": "127.0.0.1",
    te: "trailers",
    "content-type": type,
    "user-agent": "score-bench",
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  });
}

/** A string without Huffman coding. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  const length: number[] = [];
  if (bytes.length < shortLength) length.push(bytes.length);
  else {
    length.push(shortLength);
    let rest = bytes.length - shortLength;
    for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) | 0x80);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}
