import { parseArgs } from "node:util";
import { signToken } from "../access/token-signer.ts";
import type { Role } from "../model/score-event.ts";
import { WrongSettings } from "./environment.ts";
import { secretFor } from "./secret.ts";
import { readSettings } from "./settings.ts";

const usage = `usage: npm run token -- --role player|server|admin --game ID[,ID...]|'*' --sub ID [--expires 30d]`;

/** Prints a token signed with the secret that the service would use with the same settings. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      role: { type: "string" },
      game: { type: "string" },
      sub: { type: "string" },
      expires: { type: "string", default: "30d" },
    },
  });
  const { role, game, sub, expires } = values;
  if (!isRole(role) || !game || !sub) throw new WrongSettings(usage);
  const settings = readSettings(process.env);
  if (settings.SCORE_JWKS_URL !== undefined) {
    throw new WrongSettings("with SCORE_JWKS_URL the tokens come from whoever holds the keys");
  }
  const { bytes } = secretFor(settings.SCORE_JWT_SECRET, settings.SCORE_DATA_DIR);
  const games = game.split(",");
  const token = await signToken(bytes, {
    subject: sub,
    role,
    game: games.length === 1 ? game : games,
    expiresIn: expires,
    issuer: settings.SCORE_JWT_ISSUER,
    audience: settings.SCORE_JWT_AUDIENCE,
  });
  process.stdout.write(`${token}\n`);
}

function isRole(role: string | undefined): role is Role {
  return role === "player" || role === "server" || role === "admin";
}

try {
  await main();
} catch (error) {
  process.stderr.write(`token: ${(error as Error).message}\n`);
  process.exit(2);
}
