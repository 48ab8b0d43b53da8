import { signToken } from "../access/token-signer.ts";
import type { Role } from "../model/score-event.ts";
import { WrongSettings } from "./environment.ts";
import { secretFor } from "./secret.ts";
import { readSettings, type Settings } from "./settings.ts";

interface OwnTokenOptions {
  readonly role: Role;
  readonly subject: string;
  readonly game: string | readonly string[];
  readonly expiresIn: string;
}

/**
 * A token signed with the secret that the service would use with the same
 * settings. Throws WrongSettings where the service takes those of others only.
 */
export async function ownToken(options: OwnTokenOptions): Promise<string> {
  const settings = readSettings(process.env);
  if (settings.SCORE_JWKS_URL !== undefined) {
    throw new WrongSettings("with SCORE_JWKS_URL the tokens come from whoever holds the keys");
  }
  const { bytes } = secretFor(settings.SCORE_JWT_SECRET, settings.SCORE_DATA_DIR);
  return signToken(bytes, { ...options, ...tokenSettings(settings) });
}

/** What a token must say for a service with these settings to take it. */
export function tokenSettings(settings: Settings) {
  const { SCORE_JWT_ISSUER: issuer, SCORE_JWT_AUDIENCE: audience } = settings;
  return { algorithm: settings.algorithms[0], issuer, audience };
}
