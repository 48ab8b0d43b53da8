import { setTimeout as delay } from "node:timers/promises";
import { type RedisServer, startRedis } from "./redis-server.ts";

export interface RedisClusterOptions {
  /** Default 3. */
  readonly masters?: number;
  /** Of each master; default 0. */
  readonly replicas?: number;
  /** Lines of redis.conf for every node. */
  readonly settings?: Readonly<Record<string, string>>;
}

const SLOTS = 16_384;
const SETTINGS = {
  "cluster-enabled": "yes",
  "cluster-announce-ip": "127.0.0.1",
  "cluster-node-timeout": "2000",
  // By default a master waits 5 s for further replicas before it feeds the first.
  "repl-diskless-sync-delay": "0",
};
const FORM_TIMEOUT_MS = 60_000;

/** A Redis Cluster on 127.0.0.1: the masters first, then the replicas in the order of their masters. */
export class RedisCluster {
  readonly nodes: readonly RedisServer[];
  readonly #masters: number;

  constructor(nodes: readonly RedisServer[], masters: number) {
    this.nodes = nodes;
    this.#masters = masters;
  }

  /** One for each node. */
  get urls(): string[] {
    return this.nodes.map(({ url }) => url);
  }

  /** Resolves when every node says that all slots are served and every replica has caught up. */
  async untilWell(): Promise<void> {
    const replicas = this.nodes.length - this.#masters;
    const deadline = performance.now() + FORM_TIMEOUT_MS;
    await untilAll(this.nodes, deadline, (node) => isWell(node, replicas));
  }

  /** Ends all nodes and deletes their folders. May be called twice. */
  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Resolves when every node says that the whole cluster is well. Costs 2-3 s, which Redis itself waits. */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const masters = options.masters ?? 3;
  const size = masters * (1 + (options.replicas ?? 0));
  const settings = { ...SETTINGS, ...options.settings };
  const starts = await Promise.allSettled(
    Array.from({ length: size }, () => startRedis({ settings })),
  );
  const cluster = new RedisCluster(
    starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : [])),
    masters,
  );
  try {
    const failure = starts.find((start) => start.status === "rejected");
    if (failure) throw failure.reason;
    await form(cluster.nodes, masters);
    await cluster.untilWell();
    return cluster;
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

async function form(nodes: readonly RedisServer[], masters: number): Promise<void> {
  const deadline = performance.now() + FORM_TIMEOUT_MS;
  for (const [index, node] of nodes.entries()) {
    // Distinct epochs from the start spare the nodes from settling them one by one.
    await node.command("CLUSTER", "SET-CONFIG-EPOCH", String(index + 1));
    if (index < masters) await node.command("CLUSTER", "ADDSLOTSRANGE", ...slotsOf(index, masters));
  }
  const [first, ...others] = nodes;
  for (const other of others)
    await first?.command("CLUSTER", "MEET", "127.0.0.1", String(other.port));
  await untilAll(nodes, deadline, (node) => hasMet(node, nodes.length));

  const ids = await Promise.all(nodes.map((node) => node.command("CLUSTER", "MYID")));
  for (const [index, node] of nodes.entries()) {
    if (index >= masters) await node.command("CLUSTER", "REPLICATE", String(ids[index % masters]));
  }
}

/** The first and the last slot of a master: even shares, without a gap. */
function slotsOf(index: number, masters: number): [string, string] {
  const start = (position: number) => Math.floor((position * SLOTS) / masters);
  return [String(start(index)), String(start(index + 1) - 1)];
}

async function hasMet(node: RedisServer, size: number): Promise<boolean> {
  const known = String(await node.command("CLUSTER", "NODES"));
  return known.trim().split("\n").length === size && !known.includes("handshake");
}

/** All slots are served, and the node, like every other, knows the replicas as such and has caught up. */
async function isWell(node: RedisServer, replicas: number): Promise<boolean> {
  const state = String(await node.command("CLUSTER", "INFO"));
  const known = String(await node.command("CLUSTER", "NODES"));
  const replication = String(await node.command("INFO", "replication"));
  return (
    state.includes("cluster_state:ok\r") &&
    state.includes(`cluster_slots_ok:${SLOTS}\r`) &&
    (known.match(/\bslave\b/g) ?? []).length === replicas &&
    (replication.includes("role:master\r") || replication.includes("master_link_status:up\r"))
  );
}

async function untilAll(
  nodes: readonly RedisServer[],
  deadline: number,
  holds: (node: RedisServer) => Promise<boolean>,
): Promise<void> {
  while (!(await Promise.all(nodes.map(holds))).every(Boolean)) {
    if (performance.now() > deadline)
      throw new Error(`no Redis Cluster of ${nodes.length} nodes came about in time`);
    await delay(50);
  }
}
