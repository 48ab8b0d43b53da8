import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import type { Board, Direction } from "../../src/model/game.ts";
import type { Standing } from "../../src/model/standing.ts";
import { MemoryRanking } from "../../src/ranking/memory-ranking.ts";
import type { Ranking } from "../../src/ranking/ranking.ts";
import { connectRedis } from "../../src/ranking/redis-connection.ts";
import { RedisRanking } from "../../src/ranking/redis-ranking.ts";
import { startRedisCluster } from "../servers/redis-cluster.ts";
import { startRedis } from "../servers/redis-server.ts";
import { until } from "./until.ts";

/** A backend that runs, with as many instances of the service on it as a test likes. */
export interface Backend {
  /** One instance's ranking; closed with the backend. */
  instance(): Promise<Ranking>;
  /** The board's keys; empty where there are none to see. */
  keys(boardNo: number): Promise<string[]>;
  close(): Promise<void>;
}

interface BackendKind {
  readonly name: string;
  /** Whether several instances share a ranking. */
  readonly isShared: boolean;
  open(): Promise<Backend>;
}

/** What every test of the conformance suite runs over. */
export const backends: readonly BackendKind[] = [
  { name: "memory", isShared: false, open: openMemory },
  {
    name: "Redis",
    isShared: true,
    open: async () => {
      const server = await startRedis();
      return openRedis([server.url], () => server.close());
    },
  },
  {
    name: "Redis Cluster",
    isShared: true,
    open: async () => {
      const cluster = await startRedisCluster();
      return openRedis(cluster.urls, () => cluster.close());
    },
  },
];

/** Long, since the machine may be busy: no test of a backend that works waits for it. */
const limits = { connectMs: 10_000, commandMs: 30_000, silentMs: 30_000 };

async function openMemory(): Promise<Backend> {
  const ranking = new MemoryRanking();
  return {
    instance: async () => ranking,
    keys: async () => [],
    close: () => ranking.close(),
  };
}

async function openRedis(urls: readonly string[], stop: () => Promise<void>): Promise<Backend> {
  const ledgerId = randomUUID();
  const rankings: Ranking[] = [];
  const nodes = urls.map((url) => new Redis(url));
  return {
    async instance() {
      const connection = connectRedis(urls, limits, () => {});
      const ranking = new RedisRanking({ connection, ledgerId, instanceId: randomUUID() });
      rankings.push(ranking);
      // Commands fail at once before there is a connection.
      const head = () => ranking.head(aBoard("descending"));
      await until(() =>
        head().then(
          () => true,
          () => false,
        ),
      );
      return ranking;
    },
    async keys(boardNo) {
      const pattern = `*{${boardNo}}*`;
      return (await Promise.all(nodes.map((node) => node.keys(pattern)))).flat();
    },
    async close() {
      for (const node of nodes) node.disconnect();
      await Promise.all(rankings.map((ranking) => ranking.close()));
      await stop();
    },
  };
}

let lastBoardNo = 0;

/** A board that no other test uses. */
export function aBoard(direction: Direction): Board {
  lastBoardNo += 1;
  return {
    boardNo: lastBoardNo,
    boardId: "main",
    aggregation: "latest",
    direction,
    title: "",
    state: "ready",
  };
}

/** Every other one a UUID, which Redis knows under a shorter name. */
export function idOf(player: number): string {
  const digits = String(player).padStart(12, "0");
  return player % 2 === 0 ? `p${player}` : `5c899d7a-86c0-42fe-9e11-${digits}`;
}

/** A standing with what a test does not care about filled in. */
export function aStanding(standing: Partial<Standing> & Pick<Standing, "playerId">): Standing {
  return { score: 0, seq: 1, version: 1, updatedAt: 1, displayName: undefined, ...standing };
}

/** Builds the board's first ranking. */
export async function build(
  ranking: Ranking,
  board: Board,
  { epoch = 1, checkpoint = 0, standings = [] as readonly Standing[] } = {},
): Promise<void> {
  const rebuild = await ranking.beginRebuild(board, epoch);
  if (rebuild === undefined) throw new Error("somebody else is rebuilding");
  await rebuild.add(standings);
  await rebuild.finish(checkpoint);
}
