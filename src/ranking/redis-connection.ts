import { Cluster, Redis, type RedisOptions } from "ioredis";
import { readScript, type ScriptName, scriptNames } from "./redis-scripts.ts";

/** Limits in ms for everything that waits for Redis. */
export interface RedisLimits {
  readonly connectMs: number;
  readonly commandMs: number;
  /** A connection that owes an answer for so long is given up for a new one. */
  readonly silentMs: number;
}

/** A Redis server, or a cluster when there are several addresses. */
export interface RedisConnection {
  readonly isCluster: boolean;
  readonly client: Redis | Cluster;
  /** Runs a script on a board's meta key. */
  run(script: ScriptName, key: string, args: readonly (string | number)[]): Promise<unknown>;
  /** Resolves once messages on the board's channel arrive; survives reconnects. */
  subscribe(channel: string): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  onMessage(listener: (channel: string) => void): void;
  close(): Promise<void>;
}

/**
 * Connects in the background; commands fail at once while there is no connection.
 * One whose other end is gone without a word looks as if it were there: it is
 * found by what it does not answer. A subscriber, which has nothing to ask,
 * subscribes again and again.
 */
export function connectRedis(
  urls: readonly string[],
  limits: RedisLimits,
  onError: (error: Error) => void,
): RedisConnection {
  const [first] = urls;
  if (first === undefined) throw new Error("no Redis address");
  const options: RedisOptions = {
    connectTimeout: limits.connectMs,
    socketTimeout: limits.silentMs,
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 6), 1_000),
  };
  const failingFast: RedisOptions = {
    ...options,
    commandTimeout: limits.commandMs,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
  };
  // A subscriber waits for its connection: nobody waits for it.
  const patient: RedisOptions = { ...options, maxRetriesPerRequest: null };
  const isCluster = urls.length > 1;
  const open = (redisOptions: RedisOptions) =>
    isCluster
      ? new Cluster([...urls], {
          redisOptions,
          shardedSubscribers: true,
          enableOfflineQueue: redisOptions.enableOfflineQueue ?? true,
          clusterRetryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 6), 1_000),
          slotsRefreshTimeout: limits.connectMs,
        })
      : new Redis(first, redisOptions);
  const client = open(failingFast);
  const subscriber = open(patient);
  client.on("error", onError);
  subscriber.on("error", onError);
  for (const name of scriptNames) {
    client.defineCommand(name, { numberOfKeys: 1, lua: readScript(name) });
  }
  const commands = client as unknown as Record<
    ScriptName,
    (key: string, ...args: (string | number)[]) => Promise<unknown>
  >;
  const channels = new Set<string>();
  const subscribe = (channel: string) =>
    isCluster ? subscriber.ssubscribe(channel) : subscriber.subscribe(channel);
  const subscribeAgain = setInterval(() => {
    if (subscriber.status !== "ready") return;
    for (const channel of channels) subscribe(channel).catch(() => {});
  }, limits.silentMs);
  return {
    isCluster,
    client,
    run: (script, key, args) => commands[script](key, ...args),
    async subscribe(channel) {
      channels.add(channel);
      await subscribe(channel);
    },
    async unsubscribe(channel) {
      channels.delete(channel);
      await (isCluster ? subscriber.sunsubscribe(channel) : subscriber.unsubscribe(channel));
    },
    onMessage(listener) {
      subscriber.on(isCluster ? "smessage" : "message", listener);
    },
    async close() {
      clearInterval(subscribeAgain);
      client.disconnect();
      subscriber.disconnect();
    },
  };
}
