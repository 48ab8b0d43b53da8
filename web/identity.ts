import { isPlayerId } from "./choice.ts";

/** Who the spectator is, and the token that says so if there is one. */
export interface Identity {
  /** A player id; empty: nobody in particular. */
  readonly playerId: string;
  readonly token: Token | undefined;
}

export interface Token {
  readonly jwt: string;
  /** Its `sub`. */
  readonly playerId: string;
  /** Epoch ms; Infinity when it says nothing. */
  readonly expiresAt: number;
}

/**
 * Who is meant by the text of the "me" field: a player id, or a JWT (with or
 * without `Bearer`) whose `sub` is one. Undefined when it is neither. The
 * signature is not checked: that is for the service.
 */
export function identityOf(text: string): Identity | undefined {
  const word = text.trim().replace(/^bearer\s+/i, "");
  if (word === "" || isPlayerId(word)) return { playerId: word, token: undefined };
  const token = tokenOf(word);
  return token && { playerId: token.playerId, token };
}

/** Reads a JWT; undefined when it is none or has no player in `sub`. */
export function tokenOf(jwt: string): Token | undefined {
  try {
    const [, payload = "", ...rest] = jwt.split(".");
    if (rest.length !== 1) return undefined;
    const bytes = Uint8Array.from(atob(payload.replace(/-/g, "+").replace(/_/g, "/")), (char) =>
      char.charCodeAt(0),
    );
    const { sub, exp } = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof sub !== "string" || !isPlayerId(sub)) return undefined;
    const expiresAt = typeof exp === "number" ? exp * 1_000 : Number.POSITIVE_INFINITY;
    return { jwt, playerId: sub, expiresAt };
  } catch {
    return undefined;
  }
}
