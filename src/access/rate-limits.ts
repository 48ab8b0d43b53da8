import type { Cluster, Redis } from "ioredis";
import {
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
} from "rate-limiter-flexible";
import type { Clock } from "../model/clock.ts";
import { type ErrorCode, ScoreError } from "../model/score-error.ts";
import { networkOf } from "./caller-key.ts";
import { Pace } from "./pace.ts";

interface RateLimitsOptions {
  /** Counts for all instances together; without it each counts for itself. */
  readonly redis: Redis | Cluster | undefined;
  /** Keeps ledgers apart in one Redis. */
  readonly prefix: string;
  /** 0 is without limit. */
  readonly playerUpdatesPerSecond: number;
  /** For an address, of calls without a valid token; 0 is without limit. */
  readonly anonymousCallsPerSecond: number;
  readonly now: Clock;
}

/**
 * Of one caller's refusals the first 100 in a row leave at once and the others
 * 10 ms apart, but for those that would wait longer than 5 s. A flood of bad
 * tokens with 400 calls under way, 7,000/s when each was answered at once,
 * comes down to 100/s by this; see test/flood/calls.test.ts.
 */
const refusalPace = { spacingMs: 10, free: 100, longestMs: 5_000 };

/** Checks of tokens from an address whose refusals wait. */
const checkPace = { spacingMs: 1, free: 0, longestMs: 1_000 };

/** How often somebody may do something. While Redis is away each instance counts for itself. */
export class RateLimits {
  readonly #options: RateLimitsOptions;
  readonly #refusals: Pace;
  readonly #checks: Pace;
  readonly #players: RateLimiterAbstract | undefined;
  readonly #addresses: RateLimiterAbstract | undefined;
  /** By the number of times a minute. */
  readonly #actions = new Map<number, RateLimiterAbstract>();

  constructor(options: RateLimitsOptions) {
    this.#options = options;
    this.#refusals = new Pace({ ...refusalPace, now: options.now });
    this.#checks = new Pace({ ...checkPace, now: options.now });
    this.#players = this.#limiter("player", options.playerUpdatesPerSecond, 1);
    this.#addresses = this.#limiter("address", options.anonymousCallsPerSecond, 1);
  }

  /** One update of a player; rejects `rate_limited`. */
  async update(gameId: string, playerId: string): Promise<void> {
    await this.#consume(this.#players, `${gameId}/${playerId}`, "rate_limited", "too many updates");
  }

  /** One call from an address without a valid token; rejects `rate_limited`. */
  async anonymousCall(address: string): Promise<void> {
    const message = "too many calls without a valid token from this address";
    await this.#consume(this.#addresses, networkOf(address), "rate_limited", message);
  }

  /**
   * Resolves when a token that is not known to be valid may be checked: at once,
   * but within a second for an address that is flooding. It may be the valid
   * token of somebody else at that address, and so is never refused unseen.
   */
  async tokenCheck(address: string): Promise<void> {
    const network = networkOf(address);
    if (this.#refusals.isBehind(network)) await this.#checks.turn(network);
  }

  /** One action of a player that may be done `maxPerMinute` times; rejects `action_limited`. */
  async action(
    gameId: string,
    playerId: string,
    name: string,
    maxPerMinute: number,
  ): Promise<void> {
    if (maxPerMinute === 0) return;
    let limiter = this.#actions.get(maxPerMinute);
    if (limiter === undefined) {
      limiter = this.#limiter(`action${maxPerMinute}`, maxPerMinute, 60);
      if (limiter) this.#actions.set(maxPerMinute, limiter);
    }
    const message = `${name} may be done ${maxPerMinute} times a minute`;
    await this.#consume(limiter, `${gameId}/${playerId}/${name}`, "action_limited", message);
  }

  /** Resolves when a caller who was refused for another reason may be told so. */
  async refusal(caller: string): Promise<void> {
    await this.#refusals.turn(caller);
  }

  async #consume(
    limiter: RateLimiterAbstract | undefined,
    key: string,
    code: ErrorCode,
    message: string,
  ): Promise<void> {
    try {
      await limiter?.consume(key);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      const waitedMs = await this.#refusals.turn(key);
      const retryAfterMs = Math.max(1, refusal.msBeforeNext - waitedMs);
      throw new ScoreError(code, message, { retryAfterMs });
    }
  }

  #limiter(name: string, points: number, duration: number): RateLimiterAbstract | undefined {
    if (points === 0) return undefined;
    const { redis, prefix } = this.#options;
    const options = { keyPrefix: `${prefix}:limit:${name}`, points, duration };
    const memory = new RateLimiterMemory(options);
    if (redis === undefined) return memory;
    return new RateLimiterRedis({
      ...options,
      storeClient: redis,
      insuranceLimiter: memory,
      // Those who are over the limit cost Redis nothing.
      inMemoryBlockOnConsumed: points,
    });
  }
}
