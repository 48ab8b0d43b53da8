import type { Cluster, Redis } from "ioredis";
import {
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
} from "rate-limiter-flexible";
import { type ErrorCode, ScoreError } from "../model/score-error.ts";

interface RateLimitsOptions {
  /** Counts for all instances together; without it each counts for itself. */
  readonly redis: Redis | Cluster | undefined;
  /** Keeps ledgers apart in one Redis. */
  readonly prefix: string;
  /** 0 is without limit. */
  readonly playerUpdatesPerSecond: number;
  /** For an address, of calls without a valid token; 0 is without limit. */
  readonly anonymousCallsPerSecond: number;
}

/** How often somebody may do something. While Redis is away each instance counts for itself. */
export class RateLimits {
  readonly #options: RateLimitsOptions;
  readonly #players: RateLimiterAbstract | undefined;
  readonly #addresses: RateLimiterAbstract | undefined;
  /** By the number of times a minute. */
  readonly #actions = new Map<number, RateLimiterAbstract>();

  constructor(options: RateLimitsOptions) {
    this.#options = options;
    this.#players = this.#limiter("player", options.playerUpdatesPerSecond, 1);
    this.#addresses = this.#limiter("address", options.anonymousCallsPerSecond, 1);
  }

  /** One update of a player; rejects `rate_limited`. */
  async update(gameId: string, playerId: string): Promise<void> {
    await consume(this.#players, `${gameId}/${playerId}`, "rate_limited", "too many updates");
  }

  /** One call from an address without a valid token; rejects `rate_limited`. */
  async anonymousCall(address: string): Promise<void> {
    const message = "too many calls without a valid token from this address";
    await consume(this.#addresses, address, "rate_limited", message);
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
    await consume(limiter, `${gameId}/${playerId}/${name}`, "action_limited", message);
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

async function consume(
  limiter: RateLimiterAbstract | undefined,
  key: string,
  code: ErrorCode,
  message: string,
): Promise<void> {
  try {
    await limiter?.consume(key);
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    throw new ScoreError(code, message, { retryAfterMs: Math.max(1, refusal.msBeforeNext) });
  }
}
