import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import fc from "fast-check";
import { anyText } from "./text.ts";

/** Ids that mean something to the service, by the field that holds them. */
export type KnownIds = Readonly<Record<string, readonly string[]>>;

const edges = [0n, 1n, -1n, 5n, 100n, 101n, 2n ** 31n - 1n, -(2n ** 31n), 2n ** 53n - 1n];
const integers = fc.oneof(
  fc.constantFrom(...edges, -(2n ** 53n), 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)),
  { weight: 4, arbitrary: fc.bigInt(1n, 100n) },
);

/** The bytes of messages of this type: mostly good ones, of which some are then broken. */
export function messageBytes(desc: DescMessage, ids: KnownIds): fc.Arbitrary<Buffer> {
  const good = plausible(desc, ids);
  return fc.oneof(
    { weight: 6, arbitrary: good },
    { weight: 4, arbitrary: good.chain(broken) },
    { weight: 3, arbitrary: jumbled(desc, ids) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map(Buffer.from) },
    { weight: 1, arbitrary: fc.constantFrom(...monsters) },
  );
}

/** Each field at most once, of the right type, though not always of a right value. */
function plausible(desc: DescMessage, ids: KnownIds): fc.Arbitrary<Buffer> {
  const fields = desc.fields.map((field) => {
    const once = fieldBytes(field, ids);
    const repeated = fc.array(once, { maxLength: 3 }).map(Buffer.concat);
    const isLeftOut = { weight: 1, arbitrary: fc.constant(Buffer.alloc(0)) };
    // Of a oneof, the later would replace the earlier.
    const weight = field.oneof !== undefined ? 1 : 5;
    return fc.oneof(isLeftOut, {
      weight,
      arbitrary: field.fieldKind === "list" ? repeated : once,
    });
  });
  return fc.tuple(...fields).map(Buffer.concat);
}

/** Fields in any order and number, of right and wrong types, known and unknown. */
function jumbled(desc: DescMessage, ids: KnownIds): fc.Arbitrary<Buffer> {
  const known = desc.fields.map((field) => fieldBytes(field, ids));
  const alien = fc
    .tuple(fc.nat(20), fc.nat(7), fc.uint8Array({ maxLength: 12 }))
    .map(([no, wire, bytes]) => Buffer.concat([varint(BigInt(no * 8 + wire)), bytes]));
  return fc.array(fc.oneof(...known, alien), { maxLength: 8 }).map(Buffer.concat);
}

/** Cut off, with other bits, with bytes too many. */
function broken(bytes: Buffer): fc.Arbitrary<Buffer> {
  const cut = fc.nat(bytes.length).map((length) => bytes.subarray(0, length));
  const place = fc.nat(Math.max(0, bytes.length - 1));
  const flipped = fc.array(fc.tuple(place, fc.nat(7)), { minLength: 1, maxLength: 4 });
  const stuffed = fc.tuple(place, fc.uint8Array({ minLength: 1, maxLength: 4 }));
  return fc.oneof(
    cut,
    flipped.map((flips) => {
      const copy = Buffer.from(bytes);
      for (const [at, bit] of flips) if (copy.length > 0) copy[at] = (copy[at] ?? 0) ^ (1 << bit);
      return copy;
    }),
    stuffed.map(([at, more]) => Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)])),
  );
}

/** Groups in groups, endless numbers, lengths beyond the end, invalid and overlong UTF-8. */
const monsters = [
  Buffer.alloc(100_000, 0x7b),
  Buffer.alloc(1_000, 0x0b),
  Buffer.from([0x0b, 0x0c]),
  Buffer.from([0x18, ...Array<number>(10).fill(0xff)]),
  Buffer.from([0x18, ...Array<number>(9).fill(0xff), 0x01]),
  Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
  Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
  ...[[0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff]].map((text) =>
    lengthDelimited(1, Buffer.from(text)),
  ),
  Buffer.from([0x00, 0x00]),
  Buffer.from([0x0f, 0x00]),
];

function fieldBytes(field: DescField, ids: KnownIds): fc.Arbitrary<Buffer> {
  const { number, message } = field;
  if (message) {
    return (message.typeName === "google.protobuf.Timestamp" ? times : plausible(message, ids)).map(
      (content) => lengthDelimited(number, content),
    );
  }
  if (field.scalar === ScalarType.STRING) {
    return textOf(field.name, ids).map((text) => lengthDelimited(number, Buffer.from(text)));
  }
  return integers.map((value) => tagged(number, value));
}

const times = fc
  .tuple(
    fc.oneof(fc.constantFrom(253_402_300_799n, 253_402_300_800n, -62_135_596_801n), {
      weight: 4,
      arbitrary: integers,
    }),
    fc.constantFrom(0n, 0n, 0n, 1n, 999_999_999n, 1_000_000_000n, -1n),
  )
  .map(([seconds, nanos]) => Buffer.concat([tagged(1, seconds), tagged(2, nanos)]));

/** What the service knows under this name, most of the time. */
export function textOf(name: string, ids: KnownIds): fc.Arbitrary<string> {
  const known = ids[name];
  if (known === undefined) return anyText;
  return fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...known) },
    { weight: 1, arbitrary: anyText },
  );
}

function tagged(number: number, value: bigint): Buffer {
  return Buffer.concat([varint(BigInt(number * 8)), varint(BigInt.asUintN(64, value))]);
}

/** A field of text, bytes or a message. */
export function lengthDelimited(number: number, content: Uint8Array): Buffer {
  return Buffer.concat([varint(BigInt(number * 8 + 2)), varint(BigInt(content.length)), content]);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}
