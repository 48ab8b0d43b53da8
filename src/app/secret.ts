import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WrongSettings } from "./environment.ts";

/** The secret that signs tokens, and whether this service made it. */
export interface Secret {
  readonly bytes: Uint8Array;
  readonly isGenerated: boolean;
}

/**
 * The given secret, or the one kept in `folder`, made on first use and readable
 * by the owner only. Throws WrongSettings when what is kept there was cut short.
 */
export function secretFor(given: string | undefined, folder: string): Secret {
  const encode = (text: string) => new TextEncoder().encode(text);
  if (given !== undefined) return { bytes: encode(given), isGenerated: false };
  const file = join(folder, "jwt-secret");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    const text = randomBytes(32).toString("base64url");
    writeFileSync(file, `${text}\n`, { mode: 0o600, flag: "wx" });
    return { bytes: encode(text), isGenerated: true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const text = readFileSync(file, "utf8").trim();
    if (text.length < 32) {
      throw new WrongSettings(`${file} has been cut short: restore it, or delete it for a new one`);
    }
    return { bytes: encode(text), isGenerated: true };
  }
}
