import type { Role } from "../model/score-event.ts";

/** Who is calling, as a verified token says. */
export interface Identity {
  readonly subject: string;
  readonly role: Role;
  /** The games the token covers. */
  readonly games: ReadonlySet<string> | "*";
}

/** True when the token covers the game. */
export function covers(identity: Identity, gameId: string): boolean {
  return identity.games === "*" || identity.games.has(gameId);
}
