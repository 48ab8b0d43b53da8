import { Cluster, Redis, type RedisOptions } from "ioredis";
import { readScript, type ScriptName, scriptNames } from "./redis-scripts.ts";

/** Limits in ms for everything that waits for Redis. */
export interface RedisLimits {
  readonly connectMs: number;
  readonly commandMs: number;
  /** A connection that owes an answer for so long is given up for a new one. */
  readonly silentMs: number;
}

/**
 * What went wrong with a script: `full` is at its memory limit, `read_only` a
 * replica, `not_ready` loading or without some of its cluster.
 */
export const redisFailures = [
  "full",
  "read_only",
  "not_ready",
  "timeout",
  "unreachable",
  "refused",
] as const;

export type RedisFailure = (typeof redisFailures)[number];

/** A Redis server, or a cluster when there are several addresses. */
export interface RedisConnection {
  readonly isCluster: boolean;
  readonly client: Redis | Cluster;
  /** Runs a script on a board's meta key. */
  run(script: ScriptName, key: string, args: readonly (string | number)[]): Promise<unknown>;
  /** Resolves once messages on the board's channel arrive; survives reconnects, and is tried again after it rejects. */
  subscribe(channel: string): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  onMessage(listener: (channel: string) => void): void;
  /** Called with each script that failed. */
  onFailure(listener: (failure: RedisFailure) => void): void;
  /** Whether it is connected and the last script did not fail. */
  readonly isUp: boolean;
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
  const open = (redisOptions: Omit<RedisOptions, "replyMapping">) =>
    isCluster
      ? new PunctualCluster([...urls], {
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
  const followers: ((channel: string) => void)[] = [];
  const tell = (channel: string) => {
    for (const follower of followers) follower(channel);
  };
  subscriber.on(isCluster ? "smessage" : "message", tell);
  const subscribe = (channel: string) =>
    isCluster ? subscriber.ssubscribe(channel) : subscriber.subscribe(channel);
  const unsubscribe = (channel: string) =>
    isCluster ? subscriber.sunsubscribe(channel) : subscriber.unsubscribe(channel);
  /**
   * The client of a cluster lists a channel once more each time, and at any
   * fail-over subscribes to all that it has listed: so the channel is left first.
   * A message that comes between the two is not heard, but that there may be one.
   */
  const subscribeAgain = async (channel: string) => {
    if (isCluster) unsubscribe(channel).catch(() => {});
    await subscribe(channel);
    if (isCluster) tell(channel);
  };
  const signsOfLife = setInterval(() => {
    if (subscriber.status !== "ready") return;
    for (const channel of channels) subscribeAgain(channel).catch(() => {});
  }, limits.silentMs);
  const listeners: ((failure: RedisFailure) => void)[] = [];
  let hasFailed = false;
  return {
    isCluster,
    client,
    async run(script, key, args) {
      try {
        const reply = await commands[script](key, ...args);
        hasFailed = false;
        return reply;
      } catch (error) {
        hasFailed = true;
        for (const listener of listeners) listener(redisFailure(error as Error));
        throw error;
      }
    },
    get isUp() {
      return client.status === "ready" && !hasFailed;
    },
    onFailure(listener) {
      listeners.push(listener);
    },
    async subscribe(channel) {
      channels.add(channel);
      await subscribe(channel);
    },
    async unsubscribe(channel) {
      channels.delete(channel);
      await unsubscribe(channel);
    },
    onMessage(listener) {
      followers.push(listener);
    },
    async close() {
      clearInterval(signsOfLife);
      client.disconnect();
      subscriber.disconnect();
    },
  };
}

/** Its commands' time begins with the first try, not with the first node that takes one. */
class PunctualCluster extends Cluster {
  override sendCommand(...[command, ...where]: Parameters<Cluster["sendCommand"]>): unknown {
    const { commandTimeout } = this.options.redisOptions ?? {};
    if (commandTimeout !== undefined) command.setTimeout(commandTimeout);
    return super.sendCommand(command, ...where);
  }
}

function redisFailure({ name, message }: Error): RedisFailure {
  if (/^OOM /.test(message)) return "full";
  if (/^READONLY /.test(message)) return "read_only";
  if (/^(LOADING|CLUSTERDOWN|MASTERDOWN|TRYAGAIN) /.test(message)) return "not_ready";
  if (/timed out/.test(message)) return "timeout";
  return name === "ReplyError" ? "refused" : "unreachable";
}
