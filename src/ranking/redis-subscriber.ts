import type { Redis } from "ioredis";

interface RedisSubscriberOptions {
  /** Begins another connection, which ends for good when it is lost; `turn` counts them. */
  readonly connect: (turn: number) => Redis;
  /** How long to wait after so many failures, in ms. */
  readonly retryMs: (failed: number) => number;
  /** How often a connection is asked for a sign of life, in ms: it has nothing else to say. */
  readonly askMs: number;
  readonly onMessage: (channel: string) => void;
  readonly onError: (error: Error) => void;
}

/**
 * Hears of messages on channels, whatever becomes of its connection: another one
 * follows, and since nobody knows what came in between, each channel counts as
 * one on which something did.
 */
export class RedisSubscriber {
  readonly #options: RedisSubscriberOptions;
  readonly #channels = new Set<string>();
  readonly #asking: NodeJS.Timeout;
  #redis: Redis;
  #turn = 0;
  /** Connections since one was ready. */
  #failed = 0;
  #connecting: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: RedisSubscriberOptions) {
    this.#options = options;
    this.#redis = this.#connect();
    this.#asking = setInterval(() => this.#ask(), options.askMs);
  }

  /** Resolves once messages on the channel arrive; it is tried again after it rejects. */
  async subscribe(channel: string): Promise<void> {
    this.#channels.add(channel);
    await this.#redis.subscribe(channel);
  }

  async unsubscribe(channel: string): Promise<void> {
    this.#channels.delete(channel);
    await this.#redis.unsubscribe(channel);
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#asking);
    clearTimeout(this.#connecting);
    this.#redis.disconnect();
  }

  #connect(): Redis {
    const { connect, retryMs, onMessage, onError } = this.#options;
    const redis = connect(this.#turn);
    this.#turn += 1;
    redis.on("error", onError);
    redis.on("message", onMessage);
    redis.once("ready", () => {
      this.#failed = 0;
      this.#subscribeAgain().catch(() => {});
    });
    redis.once("end", () => {
      if (this.#isClosed) return;
      this.#connecting = setTimeout(() => {
        this.#redis = this.#connect();
      }, retryMs(this.#failed));
      this.#failed += 1;
    });
    return redis;
  }

  async #subscribeAgain(): Promise<void> {
    const channels = [...this.#channels];
    if (channels.length === 0) return;
    await this.#redis.subscribe(...channels);
    for (const channel of channels) this.#options.onMessage(channel);
  }

  #ask(): void {
    if (this.#redis.status !== "ready" || this.#channels.size === 0) return;
    this.#redis.subscribe(...this.#channels).catch(() => {});
  }
}
