import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import type { Board } from "../../src/model/game.ts";
import { isScoreError } from "../../src/model/score-error.ts";
import { type Ranking, RankingMissing, type Rebuild } from "../../src/ranking/ranking.ts";
import { connectRedis } from "../../src/ranking/redis-connection.ts";
import { RedisRanking } from "../../src/ranking/redis-ranking.ts";
import { FaultyLink } from "../servers/faulty-link.ts";
import { startRedisCluster } from "../servers/redis-cluster.ts";
import { type RedisServer, startRedis } from "../servers/redis-server.ts";
import { aBoard, aStanding, build } from "./ranking-backends.ts";
import { until } from "./until.ts";

const limits = { connectMs: 1_000, commandMs: 500, silentMs: 1_000 };
/** What a busy machine may add. */
const slackMs = 1_000;

async function connect(t: TestContext, urls: readonly string[]) {
  const connection = connectRedis(urls, limits, () => {});
  const options = { connection, ledgerId: randomUUID(), instanceId: randomUUID() };
  const ranking = new RedisRanking(options);
  t.after(() => ranking.close());
  await until(() => isThere(ranking, aBoard("descending")));
  return { connection, ranking };
}

const isThere = (ranking: Ranking, board: Board) =>
  ranking.head(board).then(
    () => true,
    () => false,
  );

/** Every call fails in time, as what callers understand, and says why. */
async function isUnavailable(ranking: Ranking, board: Board, rebuild: Rebuild) {
  const standing = aStanding({ playerId: "bob" });
  const calls = {
    place: () => ranking.place(board, [standing]),
    page: () => ranking.page(board, 0, 10),
    around: () => ranking.around(board, "ann", 10),
    head: () => ranking.head(board),
    setCheckpoint: () => ranking.setCheckpoint(board, 5),
    beginRebuild: () => ranking.beginRebuild(board, 9),
    add: () => rebuild.add([standing]),
    finish: () => rebuild.finish(5),
    remove: () => ranking.remove(board.boardNo),
  };
  await Promise.all(Object.entries(calls).map(([name, call]) => failsInTime(name, call)));
}

async function failsInTime(name: string, call: () => Promise<unknown>) {
  const began = performance.now();
  await assert.rejects(call, (error) => {
    assert.ok(isScoreError(error, "ranking_unavailable"), `${name}: ${error}`);
    assert.ok(error.cause instanceof Error, `${name} says why`);
    return true;
  });
  const ms = performance.now() - began;
  assert.ok(ms < limits.commandMs + slackMs, `${name} took ${ms} ms`);
}

async function buildAndBegin(ranking: Ranking, board: Board): Promise<Rebuild> {
  await build(ranking, board, { standings: [aStanding({ playerId: "ann" })] });
  return begin(ranking, board);
}

/** Of a ranking that is built. */
async function begin(ranking: Ranking, board: Board): Promise<Rebuild> {
  const rebuild = await ranking.beginRebuild(board, 2);
  assert.ok(rebuild);
  return rebuild;
}

describe("a ranking whose Redis fails", { timeout: 120_000 }, () => {
  it("is unavailable in time while Redis is silent, and back when Redis is", async (t) => {
    await using redis = await startRedis();
    const { ranking } = await connect(t, [redis.url]);
    const board = aBoard("descending");
    const rebuild = await buildAndBegin(ranking, board);
    await redis.pause();
    await isUnavailable(ranking, board, rebuild);
    await redis.resume();
    await until(() => isThere(ranking, board));
  });

  it("is unavailable in time once Redis is killed, and missing when it is back, empty", async (t) => {
    await using redis = await startRedis();
    const { ranking } = await connect(t, [redis.url]);
    const board = aBoard("descending");
    const rebuild = await buildAndBegin(ranking, board);
    await redis.kill();
    await isUnavailable(ranking, board, rebuild);
    await redis.start();
    await until(() => isThere(ranking, board));
    await assert.rejects(ranking.page(board, 0, 10), RankingMissing);
  });

  it("is unavailable before the first connection", async (t) => {
    await using redis = await startRedis();
    await redis.kill();
    const connection = connectRedis([redis.url], limits, () => {});
    const ranking = new RedisRanking({ connection, ledgerId: "x", instanceId: "x" });
    t.after(() => ranking.close());
    const isOurs = (error: unknown) => isScoreError(error, "ranking_unavailable");
    await assert.rejects(ranking.page(aBoard("descending"), 0, 1), isOurs);
  });

  it("goes on telling followers when Redis is back", async (t) => {
    await using redis = await startRedis();
    const { ranking } = await connect(t, [redis.url]);
    const board = aBoard("descending");
    const notices = new EventTarget();
    await ranking.follow(board.boardNo, () => notices.dispatchEvent(new Event("change")));
    await redis.kill();
    await redis.start();
    const channels = async () => String(await redis.command("PUBSUB", "CHANNELS"));
    await until(async () => (await channels()).includes(`{${board.boardNo}}`));
    await until(() => isThere(ranking, board));
    const noticed = once(notices, "change");
    await build(ranking, board);
    await noticed;
  });

  it("leaves connections that fell silent and works and tells followers by others", async (t) => {
    await using redis = await startRedis();
    const link = await FaultyLink.to(redis.port);
    t.after(() => link.close());
    const { ranking } = await connect(t, [link.urlOf(redis.url)]);
    const board = aBoard("descending");
    const notices = new EventTarget();
    await ranking.follow(board.boardNo, () => notices.dispatchEvent(new Event("change")));
    link.silence();
    await until(() => isThere(ranking, board));
    const noticed = once(notices, "change");
    for (let epoch = 1, isNoticed = false; !isNoticed; epoch += 1) {
      await build(ranking, board, { epoch });
      isNoticed = await Promise.race([noticed.then(() => true), pause(100).then(() => false)]);
    }
  });

  it("subscribes to each board of a cluster once, however long it follows and if it is cut off", async (t) => {
    await using cluster = await startRedisCluster();
    const connection = connectRedis(cluster.urls, { ...limits, silentMs: 200 }, () => {});
    const ranking = new RedisRanking({ connection, ledgerId: "x", instanceId: "x" });
    t.after(() => ranking.close());
    await until(() => isThere(ranking, aBoard("descending")));
    /** The channels of each subscription, by the connection that it came from. */
    const subscriptions = new Map<string, string[][]>();
    for (const { url } of cluster.nodes) {
      const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
      const monitor = await client.monitor();
      client.disconnect();
      t.after(() => monitor.disconnect());
      monitor.on("monitor", (_time, [command, ...channels]: string[], from: string) => {
        if (command?.toLowerCase() !== "subscribe") return;
        subscriptions.set(from, [...(subscriptions.get(from) ?? []), channels]);
      });
    }
    const board = aBoard("descending");
    const notices = new EventTarget();
    await ranking.follow(board.boardNo, () => notices.dispatchEvent(new Event("change")));
    const rounds = 5;
    await until(async () => [...subscriptions.values()].some(({ length }) => length > rounds));
    const before = new Set(subscriptions.keys());
    for (const node of cluster.nodes) await node.command("CLIENT", "KILL", "TYPE", "pubsub");
    await until(async () =>
      [...subscriptions].some(([from, { length }]) => !before.has(from) && length > rounds),
    );
    for (const channels of [...subscriptions.values()].flat()) assert.equal(channels.length, 1);
    const noticed = once(notices, "change");
    await build(ranking, board);
    await noticed;
  });

  it("is told of changes by another node of a cluster when the one it heard them from falls silent", async (t) => {
    await using cluster = await startRedisCluster({
      settings: { "cluster-require-full-coverage": "no" },
    });
    const { ranking } = await connect(t, cluster.urls);
    const boards = Array.from({ length: 20 }, () => aBoard("descending"));
    const noticed = new Set<Board>();
    for (const board of boards) {
      await build(ranking, board);
      await ranking.follow(board.boardNo, () => noticed.add(board));
    }
    const heardBy = async (node: RedisServer) =>
      String(await node.command("CLIENT", "LIST", "TYPE", "pubsub")) !== "";
    const hears = await Promise.all(cluster.nodes.map(heardBy));
    const [ear, ...others] = cluster.nodes.filter((_, index) => hears[index]);
    assert.ok(ear && others.length === 0, "one connection for all boards");
    const keys = String(await ear.command("KEYS", "*"));
    const board = boards.find(({ boardNo }) => !keys.includes(`{${boardNo}}`));
    assert.ok(board, "boards are spread over the nodes");
    await ear.pause();
    // It is told, too, when nothing changed: nobody knows what came in between.
    await until(async () => boards.every((one) => noticed.has(one)));
    noticed.clear();
    await build(ranking, board, { epoch: 2 });
    await until(async () => noticed.has(board));
    assert.deepEqual([...noticed], [board]);
  });

  for (const [failure, how] of [
    ["silent", "pause"],
    ["killed", "kill"],
  ] as const) {
    it(`is unavailable in time on a cluster's ${failure} node, and goes on elsewhere`, async (t) => {
      await using cluster = await startRedisCluster({
        settings: { "cluster-require-full-coverage": "no" },
      });
      const { ranking } = await connect(t, cluster.urls);
      const boards = Array.from({ length: 20 }, () => aBoard("descending"));
      for (const board of boards) await build(ranking, board);
      const [victim] = cluster.nodes;
      assert.ok(victim);
      const keys = String(await victim.command("KEYS", "*"));
      const isThere = (board: Board) => keys.includes(`{${board.boardNo}}`);
      const [lost] = boards.filter(isThere);
      const others = boards.filter((board) => !isThere(board));
      assert.ok(lost && others.length > 0, "boards are spread over the nodes");
      const rebuild = await begin(ranking, lost);
      await victim[how]();
      await isUnavailable(ranking, lost, rebuild);
      // Which nodes the tries of a call pick is chance: many calls meet the slowest way.
      const calls = Array.from({ length: 100 }, async (_, at) => {
        await pause(50 * at);
        await failsInTime(`page ${at}`, () => ranking.page(lost, 0, 1));
      });
      await Promise.all(calls);
      await until(async () => {
        const pages = others.map((board) => ranking.page(board, 0, 1));
        return (await Promise.allSettled(pages)).every(({ status }) => status === "fulfilled");
      });
      // Now the cluster itself says so, which clients take for a reason to ask again.
      const witness = cluster.nodes[1];
      await until(async () =>
        /master,fail /.test(String(await witness?.command("CLUSTER", "NODES"))),
      );
      await isUnavailable(ranking, lost, rebuild);
    });
  }
});
