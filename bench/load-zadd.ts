import { Redis } from "ioredis";
import { type Load, serveLoad } from "./load.ts";
import { playerId } from "./score-request.ts";
import { Tally } from "./tally.ts";

export interface ZaddOptions {
  readonly redisUrl: string;
  readonly players: number;
  /** Commands of a pipeline. */
  readonly batch: number;
}

export interface ZaddResult {
  readonly seconds: number;
  readonly commands: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const key = "bench-zadd";

/** Two pipelines, so that Redis has one to do while the other is on its way. */
const inFlight = 2;

/** ZADD of players at random to one sorted set, by pipelines: no records, no fair ties, no ranks. */
class ZaddLoad implements Load<ZaddResult> {
  readonly #options: ZaddOptions;
  readonly #redis: Redis;
  readonly #running: Promise<unknown>;
  /** Times are of each pipeline. */
  readonly #tally = new Tally();
  #isEnding = false;

  constructor(options: ZaddOptions) {
    this.#options = options;
    this.#redis = new Redis(options.redisUrl);
    this.#running = Promise.all(Array.from({ length: inFlight }, () => this.#run()));
    // Whoever ends the load is told.
    this.#running.catch(() => {});
  }

  begin(): void {
    this.#tally.begin();
  }

  async end(): Promise<ZaddResult> {
    const { seconds, count: commands, percentiles } = this.#tally.read(0.5, 0.99);
    const [p50Ms, p99Ms] = percentiles;
    this.#isEnding = true;
    await this.#running;
    await this.#redis.unlink(key);
    this.#redis.disconnect();
    return { seconds, commands, p50Ms, p99Ms };
  }

  async #run(): Promise<void> {
    const { players, batch } = this.#options;
    while (!this.#isEnding) {
      const began = performance.now();
      const pipeline = this.#redis.pipeline();
      for (let count = 0; count < batch; count++) {
        const place = Math.floor(Math.random() * players);
        pipeline.zadd(key, Math.floor(Math.random() * 1_000_000), playerId(place));
      }
      for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
      this.#tally.took(performance.now() - began);
      this.#tally.counted(batch);
    }
  }
}

serveLoad<ZaddOptions, ZaddResult>(async (options) => new ZaddLoad(options));
