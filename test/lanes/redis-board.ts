import { Redis } from "ioredis";

/** A board's ranking as it lies in Redis, to be damaged by hand. */
export class RedisBoard {
  readonly #redis: Redis;
  readonly #meta: string;
  readonly #epoch: string;

  private constructor(redis: Redis, meta: string, epoch: string) {
    this.#redis = redis;
    this.#meta = meta;
    this.#epoch = epoch;
  }

  /** The board of a player who is on no other. */
  static async of(url: string, playerId: string): Promise<RedisBoard> {
    const redis = new Redis(url);
    for (const key of await redis.keys("*:r:*")) {
      if (!(await redis.hexists(key, playerId))) continue;
      const [meta = "", epoch = ""] = key.split(":r:");
      return new RedisBoard(redis, meta, epoch);
    }
    redis.disconnect();
    throw new Error(`nobody has a record of ${playerId}`);
  }

  async setScore(playerId: string, score: number): Promise<void> {
    await this.#redis.zadd(this.#sorted, score, await this.#member(playerId));
  }

  async removePlace(playerId: string): Promise<void> {
    await this.#redis.zrem(this.#sorted, await this.#member(playerId));
  }

  async removeRecord(playerId: string): Promise<void> {
    await this.#redis.hdel(this.#records, playerId);
  }

  async rename(playerId: string, displayName: string): Promise<void> {
    const record = (await this.#record(playerId)).subarray(0, 19);
    const renamed = Buffer.concat([record, Buffer.from(displayName)]);
    await this.#redis.hset(this.#records, playerId, renamed);
  }

  /** A player whom nobody knows, with the seq and version of another. */
  async addPlayer(playerId: string, like: string, score: number): Promise<void> {
    const record = await this.#record(like);
    await this.#redis.hset(this.#records, playerId, record);
    await this.setScore(playerId, score);
  }

  /** One more place of a player, for an event of that seq. */
  async addPlace(playerId: string, seq: number, score: number): Promise<void> {
    const inverted = Buffer.alloc(8);
    inverted.writeBigUInt64BE(BigInt(Number.MAX_SAFE_INTEGER - seq));
    const member = Buffer.concat([inverted.subarray(1), Buffer.from(playerId)]);
    await this.#redis.zadd(this.#sorted, score, member);
  }

  close(): void {
    this.#redis.disconnect();
  }

  get #sorted(): string {
    return `${this.#meta}:z:${this.#epoch}`;
  }

  get #records(): string {
    return `${this.#meta}:r:${this.#epoch}`;
  }

  async #record(playerId: string): Promise<Buffer> {
    const record = await this.#redis.hgetBuffer(this.#records, playerId);
    if (record === null) throw new Error(`no record of ${playerId}`);
    return record;
  }

  async #member(playerId: string): Promise<Buffer> {
    return Buffer.concat([(await this.#record(playerId)).subarray(0, 7), Buffer.from(playerId)]);
  }
}
