import { once } from "node:events";
import { connect } from "node:net";
import fc from "fast-check";

/** Bytes that may begin like one of the protocols of a port, and go on like none. */
export const portBytes: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.constantFrom(
      "",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      // Settings without a frame of their own, then the headers of a call.
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
      "POST /score.v1.ScoreService/UpdateScore HTTP/1.1\r\nhost: a\r\n",
      "POST /score.v1.ScoreService/UpdateScore HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n",
      "GET /",
      "\x16\x03\x01\x02\0\x01\0",
    ),
    fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
        frame(),
        fc.string({ unit: "binary-ascii", maxLength: 50 }).map((text) => Buffer.from(text)),
      ),
      { maxLength: 6 },
    ),
  )
  .map(([start, rest]) => Buffer.concat([Buffer.from(start, "latin1"), ...rest]));

/** Of HTTP/2: any type, flags and stream, and a length that may lie. */
function frame(): fc.Arbitrary<Buffer> {
  return fc
    .tuple(fc.nat(10), fc.nat(255), fc.nat(5), fc.uint8Array({ maxLength: 60 }), fc.nat(3))
    .map(([type, flags, stream, content, lie]) => {
      const head = Buffer.alloc(9);
      head.writeUIntBE(content.length + (lie === 0 ? 1 : 0), 0, 3);
      head.set([type, flags], 3);
      head.writeUInt32BE(stream, 5);
      return Buffer.concat([head, content]);
    });
}

/** Sends them on a connection of their own and leaves. */
export async function sendTo(port: number, bytes: Uint8Array): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  const closed = once(socket, "close");
  // It may end the connection before all is sent.
  socket.on("error", () => {});
  socket.resume();
  socket.end(bytes, () => socket.destroy());
  await closed;
}
