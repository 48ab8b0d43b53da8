import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type RedisServer, startRedis } from "../../servers/redis-server.ts";
import { type Fault, untilFelt } from "../fault.ts";
import type { World } from "../world.ts";

/** Without its ranking the service takes every score and answers every read it owes. */
const common = { target: "Redis", tolerates: "nothing" } as const;

/** What may become of the one Redis that holds the ranking. */
export const redisFaults: readonly Fault<World>[] = [
  {
    ...common,
    name: "Redis killed, back empty",
    strike: async ({ redis }, dice) => {
      await redis.kill();
      await pause(dice.int(0, 2_000));
      await redis.start();
    },
  },
  {
    ...common,
    name: "Redis silent for 20 s",
    isLong: true,
    strike: ({ redis }) => silent(redis, 20_000),
  },
  {
    ...common,
    name: "Redis silent for a moment",
    strike: ({ redis }, dice) => silent(redis, dice.int(100, 1_500)),
  },
  {
    ...common,
    name: "Redis emptied",
    strike: async ({ redis }) => {
      await redis.flush();
    },
  },
  {
    ...common,
    name: "Redis restarted with all it had",
    strike: async ({ redis }) => {
      await redis.command("CONFIG", "SET", "save", "3600 1");
      await redis.stop();
      await redis.start();
      await forgetSnapshot(redis);
    },
  },
  {
    ...common,
    name: "Redis killed, back from an old snapshot",
    strike: async ({ redis }, dice, isAlone) => {
      await redis.command("SAVE");
      await pause(dice.int(200, 2_000));
      await untilFelt(isAlone, async () => {
        const info = String(await redis.command("INFO", "persistence"));
        return !info.includes("rdb_changes_since_last_save:0\r");
      });
      await redis.kill();
      await redis.start();
      await forgetSnapshot(redis);
    },
  },
  {
    ...common,
    name: "Redis out of memory",
    strike: async ({ redis }, dice) => {
      await redis.command("CONFIG", "SET", "maxmemory", "1");
      await pause(dice.int(500, 2_500));
      await redis.command("CONFIG", "SET", "maxmemory", "0");
    },
  },
  {
    ...common,
    name: "Redis a read-only replica of a master that is away",
    strike: async ({ redis }, dice) => {
      await redis.command("REPLICAOF", "127.0.0.1", "1");
      await pause(dice.int(500, 2_500));
      await redis.command("REPLICAOF", "NO", "ONE");
    },
  },
  {
    ...common,
    name: "Redis a replica of another, then master with the other's data",
    strike: async ({ redis }) => {
      await using other = await startRedis();
      await redis.command("REPLICAOF", "127.0.0.1", String(other.port));
      for (let isSynced = false; !isSynced; await pause(20)) {
        const info = String(await redis.command("INFO", "replication"));
        isSynced = info.includes("master_link_status:up\r");
      }
      await redis.command("REPLICAOF", "NO", "ONE");
    },
  },
  {
    ...common,
    name: "Redis forgets its scripts",
    strike: async ({ redis }, dice) => {
      for (let left = dice.int(3, 10); left > 0; left -= 1) {
        await redis.command("SCRIPT", "FLUSH");
        await pause(100);
      }
    },
  },
  {
    ...common,
    name: "Redis closes every connection",
    strike: async ({ redis }, dice) => {
      for (let left = dice.int(2, 6); left > 0; left -= 1) {
        await redis.command("CLIENT", "KILL", "TYPE", "normal");
        await redis.command("CLIENT", "KILL", "TYPE", "pubsub");
        await pause(dice.int(50, 300));
      }
    },
  },
];

async function silent(redis: RedisServer, ms: number): Promise<void> {
  await redis.pause();
  await pause(ms);
  await redis.resume();
}

/** The next start is an empty one again. */
async function forgetSnapshot(redis: RedisServer): Promise<void> {
  await redis.command("CONFIG", "SET", "save", "");
  const [, folder] = (await redis.command("CONFIG", "GET", "dir")) as [string, string];
  await rm(join(folder, "dump.rdb"));
}
