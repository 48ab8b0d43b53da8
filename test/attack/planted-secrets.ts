import assert from "node:assert/strict";

/** Each is a text that nothing else contains; some with characters that addresses and JSON write otherwise. */
export const planted = {
  jwtSecret: 'planted/jwt+secret"0123456789\\abcdefghijkl',
  otherSecret: "planted-other-secret-0123456789abcdefghi",
  postgresPassword: "planted:postgres@pass/word%41",
  otherPostgresPassword: "planted-other-postgres-password",
  redisPassword: "planted:redis@pass/word?#",
  otherRedisPassword: "planted-other-redis-password",
} as const;

/** Fails when a secret stands in a text, as it is or as it may have been written: the first place is named. */
export function assertHidden(where: string, text: string, secrets: Iterable<string>): void {
  for (const secret of secrets) {
    for (const [form, written] of formsOf(secret)) {
      const at = text.indexOf(written);
      if (at < 0) continue;
      assert.fail(`${secret} is in ${where}, ${form}: …${text.slice(Math.max(0, at - 80), at)}…`);
    }
  }
}

function formsOf(secret: string): readonly (readonly [form: string, written: string])[] {
  const bytes = Buffer.from(secret);
  const address = new URL("any://host");
  address.password = secret;
  return [
    ["as it is", secret],
    ["as JSON", JSON.stringify(secret).slice(1, -1)],
    ["percent-encoded", encodeURIComponent(secret)],
    ["as in an address", address.password],
    ["in hex", bytes.toString("hex")],
    ...[0, 1, 2].flatMap((offset) => [
      ["in base64", inBase64(bytes, offset, "base64")] as const,
      ["in base64url", inBase64(bytes, offset, "base64url")] as const,
    ]),
  ];
}

/** What base64 of a longer text has of these bytes, when they begin at `offset` of a group of three. */
function inBase64(bytes: Buffer, offset: number, encoding: "base64" | "base64url"): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString(encoding);
  return text.slice(offset === 0 ? 0 : offset + 1, -4);
}
