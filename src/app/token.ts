import { parseArgs } from "node:util";
import type { Role } from "../model/score-event.ts";
import { WrongSettings } from "./environment.ts";
import { ownToken } from "./own-token.ts";

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
  const games = game.split(",");
  const token = await ownToken({
    role,
    subject: sub,
    game: games.length === 1 ? game : games,
    expiresIn: expires,
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
