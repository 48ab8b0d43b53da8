import { createHmac } from "node:crypto";

/** Of a JWT, as text that need not be JSON. */
export interface TokenParts {
  readonly header: string;
  readonly payload: string;
}

/** What an attacker would like to be. */
export const wanted = JSON.stringify({ sub: "eve", role: "admin", game: "*" });

export const base64url = (text: string) => Buffer.from(text).toString("base64url");

/** A token with an HMAC (HS256) over whatever header and payload are given, which no library would write. */
export function forge({ header, payload }: TokenParts, key: string | Uint8Array): string {
  const signed = `${base64url(header)}.${base64url(payload)}`;
  return `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
}
