import fc from "fast-check";

/** All general categories of Unicode. */
export const categories =
  "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co Cn".split(
    " ",
  );

/** Some code points of a category, spread over all that it has. Costs some 10 ms. */
export function codePointsOf(category: string, atMost: number): number[] {
  const belongs = new RegExp(`^\\p{${category}}$`, "u");
  const found: number[] = [];
  for (let code = 0; code <= 0x10ffff; code += 1) {
    if (belongs.test(String.fromCodePoint(code))) found.push(code);
  }
  const step = Math.max(1, Math.floor(found.length / atMost));
  return found.filter((_, index) => index % step === 0).slice(0, atMost);
}

/** What parsers, databases and headers trip over. */
const nasty = [
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "null", "NaN", "undefined", "*"],
  ...["\0", "a\0b", "\ud800", "\udc00\ud800", "\ufeffx", "\u2028", "\r\nx: y", "%00", "%", "%%%"],
  ...["../..", "a/b", "{game_id}", "$1", "'; drop table game; --", "\\", '"', "\u202ex", "e\u0301"],
  ...["a".repeat(128), "a".repeat(129), "é".repeat(64), "🦊".repeat(64), "🦊".repeat(65), "﷽"],
  ...["score.v1.ScoreService", "google/rpc/status.proto", ".score.v1.Game", "YWZ0ZXI6MQ"],
];

/** Any text; sometimes much of it. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...nasty) },
  { weight: 4, arbitrary: fc.string({ unit: "binary", maxLength: 200 }) },
  { weight: 4, arbitrary: fc.string({ unit: "grapheme", maxLength: 100 }) },
  { weight: 1, arbitrary: fc.constantFrom(1 << 10, 1 << 16, 1 << 18).map((n) => "x".repeat(n)) },
);
