import { ScoreError } from "../model/score-error.ts";
import { covers, type Identity } from "./identity.ts";

/** Who may do what. `undefined` is a caller without a token. */
export type Caller = Identity | undefined;

/** Submitting at all, for a game. Throws `unauthenticated` or `permission_denied`. */
export function mayTouchGame(caller: Caller, gameId: string): Identity {
  if (caller === undefined) throw new ScoreError("unauthenticated", "a token is needed");
  if (!covers(caller, gameId)) throw denied(`the token does not cover game ${gameId}`);
  return caller;
}

/** Submitting this event: players only their own, by named actions. */
export function maySubmit(
  identity: Identity,
  event: { readonly playerId: string; readonly action: string | undefined },
): void {
  if (identity.role !== "player") return;
  if (identity.subject !== event.playerId) throw denied("a player may change only their own score");
  if (event.action === undefined) throw denied("a player may send actions, not points");
}

/** Creating a game by its first score. */
export function mayCreateGame(identity: Identity): boolean {
  return identity.role === "server";
}

/** Changing and listing game settings. */
export function mayAdminister(caller: Caller, gameId?: string): Identity {
  if (caller === undefined) throw new ScoreError("unauthenticated", "a token is needed");
  if (caller.role !== "admin") throw denied("the role admin is needed");
  if (gameId !== undefined) mayTouchGame(caller, gameId);
  return caller;
}

/** Reading boards: open to everybody, unless the operator has closed it. */
export function mayRead(caller: Caller, gameId: string, anonymousRead: boolean): void {
  if (!anonymousRead) mayTouchGame(caller, gameId);
}

function denied(message: string): ScoreError {
  return new ScoreError("permission_denied", message);
}
