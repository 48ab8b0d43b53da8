import {
  type CryptoKey,
  createRemoteJWKSet,
  errors,
  type FlattenedJWSInput,
  type JWTHeaderParameters,
} from "jose";
import { ScoreError } from "../model/score-error.ts";

export interface RemoteKeysOptions {
  readonly url: URL;
  /** In ms; monotonic in the service. */
  readonly now: () => number;
  /** Told once each time that the address stops answering. */
  readonly onError: (message: string, error: unknown) => void;
  /** Told each time that it did not answer. */
  readonly onFailure?: () => void;
}

/** How old the keys may be that a token is checked with while the address answers, in ms. */
const freshMs = 30_000;

/** The least time between two requests, in ms: whatever comes in, the address gets 30 a minute. */
const spacingMs = 2_000;

/** How long an answer may take, and so the first call that meets an outage, in ms. */
const timeoutMs = 3_000;

const message = "the keys that verify tokens can't be fetched";

/**
 * The public keys at an address. A key that is gone from there is not used
 * after 30 s, one that is new there after 2 s at most. While the address does
 * not answer, the keys known last go on, however long that is, and no token
 * that they can tell waits for it.
 */
export class RemoteKeys {
  readonly #options: RemoteKeysOptions;
  /** Never asks by itself: when to is decided here, by the clock that is given. */
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;
  /** By the clock: when the keys that are known were asked for. */
  #freshAt = Number.NEGATIVE_INFINITY;
  /** By the clock: when the address was asked last. */
  #askedAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;
  /** Why the last request failed; undefined when it did not. */
  #failure: { readonly cause: unknown } | undefined;

  constructor(options: RemoteKeysOptions) {
    this.#options = options;
    this.#keys = createRemoteJWKSet(options.url, {
      cacheMaxAge: Number.POSITIVE_INFINITY,
      cooldownDuration: Number.POSITIVE_INFINITY,
      timeoutDuration: timeoutMs,
    });
  }

  /** Whether the address answered when it was asked last. */
  get isUp(): boolean {
    return this.#failure === undefined;
  }

  /** How old the keys are that are known, in ms; they are asked for when tokens come in. */
  get ageMs(): number {
    return Number.isFinite(this.#freshAt) ? this.#options.now() - this.#freshAt : 0;
  }

  /**
   * The key that signed a token, by its header. Rejects `keys_unavailable`
   * when the address can't be asked and the keys known don't tell, or jose's
   * error when no key, or not one, fits.
   */
  async find(header: JWTHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    const isDown = this.#failure !== undefined;
    const isKnown = this.#keys.jwks() !== undefined;
    if (this.#isOver(freshMs, this.#freshAt)) {
      const asked = this.#ask();
      if (!isDown || !isKnown) await asked;
    }
    if (this.#keys.jwks() === undefined) throw this.#unavailable();
    try {
      return await this.#keys(header, token);
    } catch (cause) {
      if (!(cause instanceof errors.JWKSNoMatchingKey)) throw whose(cause);
    }
    await this.#ask();
    if (this.#failure) throw this.#unavailable();
    return this.#keys(header, token).catch((cause) => Promise.reject(whose(cause)));
  }

  /** Resolves when the address has answered, or failed to, or may not be asked yet. */
  async #ask(): Promise<void> {
    if (this.#asking === undefined && !this.#isOver(spacingMs, this.#askedAt)) return;
    this.#asking ??= this.#request().finally(() => {
      this.#asking = undefined;
    });
    await this.#asking;
  }

  async #request(): Promise<void> {
    const askedAt = this.#options.now();
    this.#askedAt = askedAt;
    try {
      await this.#keys.reload();
      this.#freshAt = askedAt;
      this.#failure = undefined;
    } catch (cause) {
      if (this.#failure === undefined) this.#options.onError(message, cause);
      this.#failure = { cause };
      this.#options.onFailure?.();
    }
  }

  /** A clock that was set back must not make the wait longer. */
  #isOver(ms: number, since: number): boolean {
    const passed = this.#options.now() - since;
    return passed >= ms || passed < 0;
  }

  #unavailable(): ScoreError {
    const waited = this.#options.now() - this.#askedAt;
    const retryAfterMs = Math.max(1, Math.min(spacingMs, spacingMs - waited));
    const { cause } = this.#failure ?? {};
    return new ScoreError("keys_unavailable", message, { cause, retryAfterMs });
  }
}

/** The error as it is when the token names no key, or not one; else the keys are at fault. */
function whose(cause: unknown): unknown {
  const isTokens =
    cause instanceof errors.JWKSNoMatchingKey ||
    cause instanceof errors.JWKSMultipleMatchingKeys ||
    cause instanceof errors.JOSENotSupported;
  if (isTokens) return cause;
  return new ScoreError("keys_unavailable", message, { cause, retryAfterMs: spacingMs });
}
