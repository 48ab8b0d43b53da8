import { setTimeout as pause } from "node:timers/promises";
import type { RedisCluster } from "../../servers/redis-cluster.ts";
import type { RedisServer } from "../../servers/redis-server.ts";
import type { Dice } from "../dice.ts";
import type { Fault } from "../fault.ts";
import type { World } from "../world.ts";

const common = { target: "Redis Cluster", tolerates: "nothing" } as const;

/** Until the nodes agree on who has which slot. */
const migrateMs = 20_000;

/** What may become of a Redis Cluster whose masters have a replica each. */
export const clusterFaults: readonly Fault<World>[] = [
  {
    ...common,
    name: "a master killed, its replica takes over, the master comes back",
    strike: async ({ cluster }, dice) => {
      const { node } = await aBoard(cluster, dice);
      const replica = await replicaOf(cluster, node);
      await node.kill();
      while (!(await isMaster(replica))) await pause(50);
      await node.start();
      await cluster.untilWell();
    },
  },
  {
    ...common,
    name: "a replica takes over from its master by order",
    strike: async ({ cluster }, dice) => {
      const { node } = await aBoard(cluster, dice);
      const replica = await replicaOf(cluster, node);
      await takeOver(replica);
      await cluster.untilWell();
    },
  },
  {
    ...common,
    name: "a slot moved to another master, key by key",
    strike: async ({ cluster }, dice) => {
      const { node, key } = await aBoard(cluster, dice);
      const masters = await mastersOf(cluster);
      await moveSlot(key, {
        from: node,
        to: dice.pick(masters.filter((master) => master !== node)),
        masters,
        dice,
      });
      await cluster.untilWell();
    },
  },
];

/** Some board: the master that holds it, and one of its keys. */
async function aBoard(cluster: RedisCluster, dice: Dice) {
  for (const node of dice.shuffled(await mastersOf(cluster))) {
    const keys = (await node.command("KEYS", "score:*{*}")) as string[];
    if (keys.length > 0) return { node, key: dice.pick(keys) };
  }
  throw new Error("no board is in the cluster");
}

async function mastersOf(cluster: RedisCluster): Promise<readonly RedisServer[]> {
  const areMasters = await Promise.all(cluster.nodes.map(isMaster));
  return cluster.nodes.filter((_, index) => areMasters[index]);
}

async function isMaster(node: RedisServer): Promise<boolean> {
  return String(await node.command("INFO", "replication")).includes("role:master\r");
}

async function replicaOf(cluster: RedisCluster, master: RedisServer): Promise<RedisServer> {
  for (const node of cluster.nodes) {
    const info = String(await node.command("INFO", "replication"));
    if (info.includes(`master_port:${master.port}\r`)) return node;
  }
  throw new Error("the master has no replica");
}

/** Redis gives an order up after 5 s, and masters vote only once in 4 s for a replica of the same master. */
async function takeOver(replica: RedisServer): Promise<void> {
  for (;;) {
    await replica.command("CLUSTER", "FAILOVER");
    const givenUpAt = performance.now() + 6_000;
    while (performance.now() < givenUpAt) {
      if (await isMaster(replica)) return;
      await pause(50);
    }
  }
}

interface Move {
  readonly from: RedisServer;
  readonly to: RedisServer;
  readonly masters: readonly RedisServer[];
  readonly dice: Dice;
}

/** As `redis-cli --cluster reshard` does it, but with time between the keys. */
async function moveSlot(key: string, { from, to, masters, dice }: Move): Promise<void> {
  const slot = String(await from.command("CLUSTER", "KEYSLOT", key));
  const idOf = async (node: RedisServer) => String(await node.command("CLUSTER", "MYID"));
  const [source, target] = [await idOf(from), await idOf(to)];
  const open = async () => {
    await to.command("CLUSTER", "SETSLOT", slot, "IMPORTING", source);
    await from.command("CLUSTER", "SETSLOT", slot, "MIGRATING", target);
  };
  await open();
  for (;;) {
    const [next] = (await from.command("CLUSTER", "GETKEYSINSLOT", slot, "1")) as string[];
    if (next === undefined) break;
    await migrate(next, from, to, open);
    await pause(dice.int(0, 300));
  }
  // The one that has the keys hears it first, so that nobody is sent to and fro.
  for (const node of [to, from, ...masters]) {
    await node.command("CLUSTER", "SETSLOT", slot, "NODE", target);
  }
}

/**
 * A target that has just come back may say once more that the cluster is down;
 * one that hears late of a fail-over closes the slot, which is opened again.
 */
async function migrate(
  key: string,
  from: RedisServer,
  to: RedisServer,
  open: () => Promise<void>,
): Promise<void> {
  const end = performance.now() + migrateMs;
  for (;;) {
    try {
      await from.command("MIGRATE", "127.0.0.1", String(to.port), key, "0", "5000");
      return;
    } catch (error) {
      if (!/CLUSTERDOWN|MOVED/.test(String(error)) || performance.now() > end) throw error;
      await pause(100);
      if (/MOVED/.test(String(error))) await open();
    }
  }
}
