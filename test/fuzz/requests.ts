import { gzipSync } from "node:zlib";
import type { DescMessage } from "@bufbuild/protobuf";
import fc from "fast-check";
import { enveloped } from "../lanes/envelopes.ts";
import type { KnownIds } from "./bytes.ts";
import type { FuzzedMethod } from "./methods.ts";

/** A request as it goes over the wire, whether it follows the protocol or not. */
export interface RawRequest {
  readonly verb?: "POST" | "GET";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Makes the bytes of messages. */
export type Content = (desc: DescMessage, ids: KnownIds) => fc.Arbitrary<Buffer>;

/** Ways to pack, by the names that headers give them. */
export type Packing = Readonly<Record<string, (bytes: Buffer) => Buffer>>;

/** Headers that mean something, with values that don't. */
export const oddHeaders = fc
  .oneof(
    fc.tuple(
      fc.constantFrom("grpc-timeout", "connect-timeout-ms"),
      fc.constantFrom("1x", "-1S", "99999999999H", "99999999H", "", "1 S", "1e3", "0n"),
    ),
    fc.tuple(
      fc.constantFrom(
        ...["authorization", "x-forwarded-for", "grpc-accept-encoding", "accept-encoding"],
        ...["connect-protocol-version", "user-agent", "odd-bin", "origin", "cookie"],
      ),
      fc.constantFrom("%%%", "a\xe9", "\xff\xff", ", ,", "x".repeat(8_000)),
    ),
    fc.tuple(
      fc.constantFrom("content-encoding", "grpc-encoding", "connect-content-encoding"),
      fc.constantFrom("snappy", "\xe9", ""),
    ),
  )
  .map(([name, value]): Record<string, string> => ({ [name]: value }));

/** Messages behind a flag and a length, as gRPC, gRPC-Web and the streams of Connect have them. */
export function framed(type: string, content: Content, encoding: string, packing: Packing) {
  return (method: FuzzedMethod, ids: KnownIds): fc.Arbitrary<RawRequest> => {
    const bytes = content(method.input, ids);
    const send = (body: Uint8Array, headers = {}): RawRequest => ({
      path: method.path,
      headers: { "content-type": type, ...headers },
      body,
    });
    const packed = fc.constantFrom(...Object.keys(packing)).chain((name) =>
      bytes.map((content) => {
        const frame = enveloped(packing[name]?.(content) ?? content);
        frame[0] = 1;
        return send(frame, { [encoding]: name });
      }),
    );
    const lying = fc
      .tuple(bytes, fc.constantFrom(0, 1, 5, 100, 2 ** 22, 2 ** 22 + 1, 2 ** 32 - 1))
      .map(([content, length]) => {
        const frame = Buffer.from(enveloped(content));
        frame.writeUInt32BE(length, 1);
        return send(frame);
      });
    const flagged = fc
      .tuple(bytes, fc.nat(255), fc.constantFrom("identity", "gzip", "snappy"))
      .map(([content, flags, name]) => {
        const frame = enveloped(content);
        frame[0] = flags;
        return send(frame, { [encoding]: name });
      });
    return fc.oneof(
      { weight: 12, arbitrary: bytes.map((content) => send(enveloped(content))) },
      { weight: 2, arbitrary: packed },
      { weight: 2, arbitrary: lying },
      { weight: 2, arbitrary: flagged },
      {
        weight: 2,
        arbitrary: fc
          .array(bytes.map(enveloped), { maxLength: 3 })
          .map((frames) => send(Buffer.concat(frames))),
      },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((body) => send(body)) },
      {
        weight: 2,
        arbitrary: fc
          .tuple(bytes, oddHeaders)
          .map(([content, headers]) => send(enveloped(content), headers)),
      },
    );
  };
}

/** A message that is the whole body. */
export function bare(type: string, content: Content) {
  return (method: FuzzedMethod, ids: KnownIds): fc.Arbitrary<RawRequest> => {
    const send = (body: Uint8Array, headers = {}): RawRequest => ({
      path: method.path,
      headers: { "content-type": type, ...headers },
      body,
    });
    const bytes = content(method.input, ids);
    return fc.oneof(
      { weight: 12, arbitrary: bytes.map((body) => send(body)) },
      {
        weight: 2,
        arbitrary: fc.tuple(bytes, oddHeaders).map(([body, headers]) => send(body, headers)),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(bytes, fc.constantFrom("gzip", "br", "identity", "zstd"))
          .map(([body, name]) => send(body, { "content-encoding": name })),
      },
      {
        weight: 1,
        arbitrary: bytes.map((body) => send(gzipSync(body), { "content-encoding": "gzip" })),
      },
    );
  };
}
