import { Cluster, Redis, type RedisOptions } from "ioredis";
import { readScript, type ScriptName, scriptNames } from "./redis-scripts.ts";
import { RedisSubscriber } from "./redis-subscriber.ts";

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
 * found by what it does not answer.
 */
export function connectRedis(
  urls: readonly string[],
  limits: RedisLimits,
  onError: (error: Error) => void,
): RedisConnection {
  const [first] = urls;
  if (first === undefined) throw new Error("no Redis address");
  const retryMs = (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 6), 1_000);
  const options: RedisOptions = {
    connectTimeout: limits.connectMs,
    socketTimeout: limits.silentMs,
  };
  const failingFast: Omit<RedisOptions, "replyMapping"> = {
    ...options,
    retryStrategy: retryMs,
    commandTimeout: limits.commandMs,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
  };
  const client =
    urls.length > 1
      ? new PunctualCluster([...urls], {
          redisOptions: failingFast,
          enableOfflineQueue: false,
          clusterRetryStrategy: retryMs,
          slotsRefreshTimeout: limits.connectMs,
        })
      : new Redis(first, failingFast);
  client.on("error", onError);
  for (const name of scriptNames) {
    client.defineCommand(name, { numberOfKeys: 1, lua: readScript(name) });
  }
  const commands = client as unknown as Record<
    ScriptName,
    (key: string, ...args: (string | number)[]) => Promise<unknown>
  >;
  const followers: ((channel: string) => void)[] = [];
  const firstTurn = Math.floor(Math.random() * urls.length);
  const subscriber = new RedisSubscriber({
    // Each node of a cluster hears what is published on any other.
    connect: (turn) => {
      const once: RedisOptions = { ...options, retryStrategy: () => null };
      const nodes = client instanceof Cluster ? client.nodes() : [];
      const node = nodes[(firstTurn + turn) % nodes.length];
      if (node === undefined)
        return new Redis(urls[(firstTurn + turn) % urls.length] ?? first, once);
      const { host, port, username, password, tls } = node.options;
      return new Redis({ ...once, host, port, username, password, tls });
    },
    retryMs,
    askMs: limits.silentMs,
    onMessage: (channel) => {
      for (const follower of followers) follower(channel);
    },
    onError,
  });
  const listeners: ((failure: RedisFailure) => void)[] = [];
  let hasFailed = false;
  return {
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
    subscribe: (channel) => subscriber.subscribe(channel),
    unsubscribe: (channel) => subscriber.unsubscribe(channel),
    onMessage(listener) {
      followers.push(listener);
    },
    async close() {
      client.disconnect();
      subscriber.close();
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
