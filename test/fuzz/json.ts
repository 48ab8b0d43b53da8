import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import fc from "fast-check";
import { type KnownIds, textOf } from "./bytes.ts";

const deep = (n: number) => "[".repeat(n) + "]".repeat(n);

/** What no field wants, or not every one; some is no JSON. */
const strangers = fc.constantFrom(
  ...[
    "null",
    "true",
    "[]",
    "{}",
    "[null]",
    '""',
    '"a"',
    "0",
    "-0",
    "1.5",
    "1e3",
    "1e400",
    "-1e400",
  ],
  ...["9007199254740993", "9223372036854775808", "-9223372036854775809", '"1e3"', '" 1"', '"0x1"'],
  ...["NaN", "Infinity", '"NaN"', '"Infinity"', "01", "+1", "'a'", '"\\ud800"', '"\\udc00\\ud800"'],
  ...['"\\u0000"', '"\u0000"', '"\\x"', '"', "{", "[1,]", '{"__proto__":{"points":"5"}}', "/**/1"],
  ...[
    '"0000-01-01T00:00:00Z"',
    '"10000-01-01T00:00:00Z"',
    '"2024-02-30T00:00:00Z"',
    '"Z"',
    deep(50),
  ],
  ...['"9999-12-31T23:59:59.999999999Z"', deep(200), deep(100_000), "[".repeat(100_000)],
  `"${"x".repeat(1 << 16)}"`,
);

const oddMembers = fc.constantFrom(
  ...[
    '"__proto__":{"gameId":"x"}',
    '"constructor":{"prototype":{}}',
    '"toString":1',
    '"":1',
    "x:1",
  ],
  ...[`"${"k".repeat(1 << 16)}":1`, `"x":${deep(100_000)}`, '"\\ud800":1', '"@type":"x"', '"$":{}'],
);

/** JSON of messages of this type: mostly good, with strange values, names and ends. */
export function messageJson(desc: DescMessage, ids: KnownIds): fc.Arbitrary<Buffer> {
  const good = plausible(desc, ids, 0);
  const strange = plausible(desc, ids, 2);
  const cut = strange.chain((text) => fc.nat(text.length).map((n) => text.slice(0, n)));
  const bytes = fc.oneof(
    { weight: 5, arbitrary: good },
    { weight: 6, arbitrary: strange },
    { weight: 1, arbitrary: cut },
    { weight: 1, arbitrary: strangers },
    { weight: 1, arbitrary: strange.map((text) => `\ufeff${text}`) },
  );
  const overlong = Buffer.from([0xc0, 0x80, 0xff]);
  return fc.oneof(
    { weight: 9, arbitrary: bytes.map((text) => Buffer.from(text)) },
    {
      weight: 1,
      arbitrary: fc.tuple(bytes, fc.nat(40)).map(([text, at]) => {
        const plain = Buffer.from(text);
        return Buffer.concat([plain.subarray(0, at), overlong, plain.subarray(at)]);
      }),
    },
  );
}

function plausible(desc: DescMessage, ids: KnownIds, strangeness: number): fc.Arbitrary<string> {
  const members = desc.fields.map((field) => {
    const right = valueText(field, ids, strangeness);
    const value = fc.oneof(
      { weight: 12, arbitrary: right },
      { weight: strangeness, arbitrary: strangers },
    );
    const name = fc.constantFrom(field.name, field.jsonName);
    const member = fc.tuple(name, value).map(([key, text]) => [`"${key}":${text}`]);
    const weight = field.oneof !== undefined ? 1 : 5;
    return fc.oneof(
      { weight: 10, arbitrary: fc.constant([]) },
      { weight: weight * 10, arbitrary: member },
      { weight: strangeness, arbitrary: member.map((m) => [...m, ...m]) },
    );
  });
  const odd = fc.oneof(
    { weight: 10, arbitrary: fc.constant([]) },
    { weight: strangeness, arbitrary: oddMembers.map((member) => [member]) },
  );
  return fc.tuple(...members, odd).map((parts) => `{${parts.flat().join(",")}}`);
}

function valueText(field: DescField, ids: KnownIds, strangeness: number): fc.Arbitrary<string> {
  const one = field.message
    ? field.message.typeName === "google.protobuf.Timestamp"
      ? fc
          .date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true })
          .map((date) => JSON.stringify(date))
      : plausible(field.message, ids, strangeness)
    : field.scalar === ScalarType.STRING
      ? textOf(field.name, ids).map((text) => JSON.stringify(text))
      : fc.oneof(
          fc.integer().map(String),
          fc.integer({ min: 1, max: 100 }).map(String),
          fc.integer({ min: 1, max: 100 }).map((value) => `"${value}"`),
        );
  if (field.fieldKind !== "list") return one;
  return fc.array(one, { maxLength: 3 }).map((items) => `[${items.join(",")}]`);
}
