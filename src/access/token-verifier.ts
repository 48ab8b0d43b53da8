import type { JSONWebKeySet, JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from "jose";
import { createLocalJWKSet, errors, jwtVerify } from "jose";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import type { Clock } from "../model/clock.ts";
import { ScoreError } from "../model/score-error.ts";
import { type Identity, tokenExpired } from "./identity.ts";
import type { RemoteKeys } from "./remote-keys.ts";

/** Where keys come from: one shared secret, or a set of public keys. */
export type TokenKeys =
  | { readonly secret: Uint8Array }
  | { readonly remote: Pick<RemoteKeys, "find"> }
  | { readonly jwks: JSONWebKeySet };

interface TokenVerifierOptions {
  readonly keys: TokenKeys;
  readonly algorithms: readonly string[];
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  /** The time of day. */
  readonly now: Clock;
  readonly monotonic: Clock;
}

/** Verified tokens that are remembered; a verification costs 38-130 µs. */
const maxRemembered = 50_000;

/** Their characters together: room for all of the usual 300, and an end for large ones. */
const maxCharacters = 32 * 1_024 * 1_024;

/**
 * How long they are, in ms. Together with the age that public keys may have it
 * is the time, 60 s, after which a withdrawn key opens nothing.
 */
const rememberedMs = 30_000;

const identifiers = z.string().regex(/^[A-Za-z0-9\-_.:@]{1,128}$/);

const claims = z.object({
  sub: identifiers,
  role: z.enum(["player", "server", "admin"]),
  game: z.union([z.literal("*"), identifiers, z.array(identifiers).min(1).max(1_000)]),
});

interface Remembered {
  readonly identity: Identity;
  /** By the monotonic clock: a clock that is put back remembers nothing for longer. */
  readonly until: number;
}

/** Tells who is calling from a signed token (RFC 7519). */
export class TokenVerifier {
  readonly #options: TokenVerifierOptions;
  readonly #key: JWTVerifyGetKey | Uint8Array;
  readonly #remembered = new LRUCache<string, Remembered>({
    max: maxRemembered,
    maxSize: maxCharacters,
    sizeCalculation: (_, token) => token.length,
  });

  constructor(options: TokenVerifierOptions) {
    this.#options = options;
    const { keys } = options;
    if ("secret" in keys) this.#key = keys.secret;
    else if ("jwks" in keys) this.#key = createLocalJWKSet(keys.jwks);
    else this.#key = (header, token) => keys.remote.find(header, token);
  }

  /** Who sent a token that was verified a moment ago; undefined for any other. Costs a look-up. */
  remembered(token: string): Identity | undefined {
    const known = this.#remembered.get(token);
    if (known === undefined) return undefined;
    const { now, monotonic } = this.#options;
    const isGood = monotonic() < known.until && now() < known.identity.expiresAt;
    return isGood ? known.identity : undefined;
  }

  /**
   * Rejects `unauthenticated` unless the token is signed, in time and complete,
   * `keys_unavailable` while the keys to tell that can't be fetched.
   */
  async verify(token: string): Promise<Identity> {
    return this.remembered(token) ?? this.verifyAnew(token);
  }

  /** The same, by the keys of now. */
  async verifyAnew(token: string): Promise<Identity> {
    const payload = await this.#verifySignature(token);
    const parsed = claims.safeParse(payload);
    if (!parsed.success) {
      throw unauthenticated(`the token's claims sub, role or game are missing or wrong`);
    }
    const { sub, role, game } = parsed.data;
    const games = game === "*" ? "*" : new Set(typeof game === "string" ? [game] : game);
    const expiresAt = payload.exp === undefined ? Number.POSITIVE_INFINITY : payload.exp * 1_000;
    const identity: Identity = { subject: sub, role, games, expiresAt };
    const until = this.#options.monotonic() + rememberedMs;
    this.#remembered.set(token, { identity, until });
    return identity;
  }

  async #verifySignature(token: string): Promise<JWTPayload> {
    const { algorithms, issuer, audience, now } = this.#options;
    const options: JWTVerifyOptions = {
      algorithms: [...algorithms],
      currentDate: new Date(now()),
      ...(issuer === undefined ? {} : { issuer }),
      ...(audience === undefined ? {} : { audience }),
    };
    try {
      const key = this.#key;
      const verified =
        typeof key === "function"
          ? await jwtVerify(token, key, options)
          : await jwtVerify(token, key, options);
      return verified.payload;
    } catch (cause) {
      if (cause instanceof ScoreError) throw cause;
      if (cause instanceof errors.JWTExpired) throw tokenExpired(cause);
      throw unauthenticated("the token is not valid", cause);
    }
  }
}

function unauthenticated(message: string, cause?: unknown): ScoreError {
  return new ScoreError("unauthenticated", message, { cause });
}
