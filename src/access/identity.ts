import { ScoreError } from "../model/score-error.ts";
import type { Role } from "../model/score-event.ts";

/** Who is calling, as a verified token says. */
export interface Identity {
  readonly subject: string;
  readonly role: Role;
  /** The games the token covers. */
  readonly games: ReadonlySet<string> | "*";
  /** Epoch ms: when the token ends, and with it what it opened; Infinity for one without an end. */
  readonly expiresAt: number;
}

/** True when the token covers the game. */
export function covers(identity: Identity, gameId: string): boolean {
  return identity.games === "*" || identity.games.has(gameId);
}

/** Why a call ends whose token has. */
export function tokenExpired(cause?: unknown): ScoreError {
  return new ScoreError("unauthenticated", "the token has expired", { cause });
}
