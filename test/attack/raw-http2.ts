import { connect } from "node:net";
import type { RawHeaders } from "./raw-calls.ts";

interface RawCall {
  readonly headers: RawHeaders;
  readonly message: Uint8Array;
}

const frameType = { data: 0, headers: 1, settings: 4 };
const flags = { endStream: 1, endHeaders: 4 };

/** A gRPC call in frames of its own making: with headers twice, which no client sends. Resolves at its end. */
export async function rawHttp2(port: number, path: string, call: RawCall): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  const head: RawHeaders = [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "127.0.0.1"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
  ];
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(call.message.length, 1);
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  socket.write(frame(frameType.settings, 0, 0, Buffer.alloc(0)));
  const block = Buffer.concat([...head, ...call.headers].map(literal));
  socket.write(frame(frameType.headers, flags.endHeaders, 1, block));
  socket.write(frame(frameType.data, flags.endStream, 1, Buffer.concat([prefix, call.message])));
  socket.setTimeout(20_000, () => socket.destroy(new Error("no answer")));
  let received = Buffer.alloc(0);
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 9 && received.length >= 9 + received.readUIntBE(0, 3)) {
      const [type, flag] = [received[3], received[4] ?? 0];
      received = received.subarray(9 + received.readUIntBE(0, 3));
      if (type === frameType.headers && flag & flags.endStream) return;
    }
  }
  throw new Error("the connection was closed without an answer");
}

function frame(type: number, flag: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flag;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** HPACK: a literal without indexing, not Huffman-coded (RFC 7541, 6.2.2). */
function literal([name, value]: RawHeaders[number]): Buffer {
  return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}

/** Its length in 7 bits, or 127 and the rest in groups of 7 bits, before it. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}
