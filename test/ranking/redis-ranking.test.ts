import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { Redis } from "ioredis";
import { isScoreError } from "../../src/model/score-error.ts";
import { RankingMissing } from "../../src/ranking/ranking.ts";
import { connectRedis, type RedisConnection } from "../../src/ranking/redis-connection.ts";
import { RedisRanking } from "../../src/ranking/redis-ranking.ts";
import { type RedisServer, startRedis } from "../servers/redis-server.ts";
import { aBoard, aStanding, build } from "./ranking-backends.ts";
import { until } from "./until.ts";

/**
 * Measured with 20,000 players and ids of 36 bytes on Redis 7.0.15 of Debian,
 * whose jemalloc rounds 24 bytes up to 32; Redis's own build takes less. In bytes.
 */
const bytesPerPlayer = 224;

describe("a ranking in Redis", () => {
  let server: RedisServer;
  let redis: Redis;
  const connections: RedisConnection[] = [];
  before(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
  });
  after(async () => {
    redis?.disconnect();
    for (const connection of connections) await connection.close();
    await server?.close();
  });

  const open = async (ledgerId: string): Promise<RedisRanking> => {
    const limits = { connectMs: 10_000, commandMs: 30_000, silentMs: 30_000 };
    const connection = connectRedis([server.url], limits, () => {});
    connections.push(connection);
    const ranking = new RedisRanking({ connection, ledgerId, instanceId: randomUUID() });
    await until(() => connection.client.status === "ready");
    return ranking;
  };
  const keysOf = async (boardNo: number) => (await redis.keys(`*{${boardNo}}*`)).sort();

  it("costs few bytes a player", async (t) => {
    const ranking = await open(randomUUID());
    const board = aBoard("descending");
    await build(ranking, board);
    const players = 20_000;
    const standings = Array.from({ length: players }, (_, index) =>
      aStanding({
        playerId: randomUUID(),
        score: (index * 7_919) % 1_000_003,
        seq: index + 1,
        updatedAt: Date.now(),
      }),
    );
    for (let at = 0; at < players; at += 500) {
      await ranking.place(board, standings.slice(at, at + 500));
    }
    let bytes = 0;
    for (const key of await keysOf(board.boardNo)) {
      const ofKey = Number(await redis.call("MEMORY", "USAGE", key, "SAMPLES", "0"));
      t.diagnostic(`${(ofKey / players).toFixed(1)} bytes a player in ${key}`);
      bytes += ofKey;
    }
    t.diagnostic(`${(bytes / players).toFixed(1)} bytes a player together`);
    assert.ok(bytes / players < 1.15 * bytesPerPlayer, `${bytes / players} bytes a player`);
    await ranking.remove(board.boardNo);
  });

  it("places the others when somebody took a player's place out", async () => {
    const ranking = await open(randomUUID());
    const board = aBoard("descending");
    const ann = aStanding({ playerId: "ann", score: 5, seq: 1 });
    await build(ranking, board, { standings: [ann] });
    const keys = await keysOf(board.boardNo);
    const sorted = keys.find((key) => key.includes(":z:")) ?? "";
    assert.equal(await redis.zremrangebyrank(sorted, 0, -1), 1);
    const bob = aStanding({ playerId: "bob", score: 3, seq: 2 });
    const { placements } = await ranking.place(board, [ann, bob]);
    assert.deepEqual(
      placements.map(({ rank }) => rank),
      [0, 1],
    );
    const newer = { ...ann, version: ann.version + 1 };
    assert.equal((await ranking.place(board, [newer])).placements[0]?.rank, 1, "her next event");
    await ranking.remove(board.boardNo);
  });

  it("goes on being read when somebody took a player out of its order, or only its record", async () => {
    const ranking = await open(randomUUID());
    const board = aBoard("descending");
    const standings = ["ann", "bob", "cid"].map((playerId, n) =>
      aStanding({ playerId, score: 9 - n, seq: n + 1 }),
    );
    await build(ranking, board, { standings });
    const keys = await keysOf(board.boardNo);
    const keyOf = (kind: string) => keys.find((key) => key.includes(`:${kind}:`)) ?? "";
    assert.equal(await redis.zremrangebyrank(keyOf("z"), -1, -1), 1, "the best is last in Redis");
    assert.equal(await redis.hdel(keyOf("r"), "bob"), 1);
    assert.equal(await ranking.around(board, "ann", 3), undefined);
    assert.equal(await ranking.around(board, "bob", 3), undefined);
    const shown = await ranking.page(board, 0, 10);
    assert.deepEqual(
      shown.standings.map(({ playerId, score, seq }) => ({ playerId, score, seq })),
      [
        { playerId: "bob", score: 8, seq: 2 },
        { playerId: "cid", score: 7, seq: 3 },
      ],
    );
    await ranking.remove(board.boardNo);
  });

  it("keeps ledgers apart that share a Redis", async () => {
    const [first, second] = [await open("11111111-a"), await open("22222222-b")];
    const board = aBoard("descending");
    await build(first, board, { standings: [aStanding({ playerId: "ann" })] });
    assert.equal(await second.head(board), undefined);
    await build(second, board);
    assert.equal((await second.page(board, 0, 10)).totalPlayers, 0);
    await second.remove(board.boardNo);
    assert.equal((await first.page(board, 0, 10)).totalPlayers, 1);
  });

  it("gives up a builder that fell silent for longer than its lease", async () => {
    const ledgerId = randomUUID();
    const [silent, other] = [await open(ledgerId), await open(ledgerId)];
    const board = aBoard("descending");
    const given = await silent.beginRebuild(board, 1);
    await given?.add([aStanding({ playerId: "half" })]);
    assert.equal(await other.beginRebuild(board, 2), undefined);

    const meta = (await keysOf(board.boardNo))[0] ?? "";
    const leaseMs = Number(await redis.hget(meta, "lease_ends")) - Date.now();
    assert.ok(leaseMs > 5_000 && leaseMs <= 10_000, `a lease of ${leaseMs} ms`);
    await redis.hset(meta, "lease_ends", Date.now() - 1);
    const rebuild = await other.beginRebuild(board, 3);
    assert.ok(rebuild);
    const isOver = (error: unknown) => isScoreError(error, "ranking_unavailable");
    await assert.rejects(async () => given?.finish(1), isOver);
    await rebuild.finish(1);
    assert.equal((await other.page(board, 0, 10)).totalPlayers, 0);
    assert.equal((await keysOf(board.boardNo)).length, 1, "an empty board is its meta hash");
  });

  it("renews the lease with each step", async () => {
    const ranking = await open(randomUUID());
    const board = aBoard("descending");
    const rebuild = await ranking.beginRebuild(board, 1);
    const meta = (await keysOf(board.boardNo))[0] ?? "";
    await redis.hset(meta, "lease_ends", 1);
    await rebuild?.add([]);
    await rebuild?.add([aStanding({ playerId: "ann" })]);
    assert.ok(Number(await redis.hget(meta, "lease_ends")) > Date.now());
  });

  it("drops with the next write what a builder who fell silent left", async () => {
    const ranking = await open(randomUUID());
    const board = aBoard("descending");
    await build(ranking, board);
    const rebuild = await ranking.beginRebuild(board, 2);
    const standing = aStanding({ playerId: "ann" });
    await rebuild?.add([standing]);
    await ranking.place(board, [standing]);
    assert.equal((await keysOf(board.boardNo)).length, 5, "the builder is at work");
    const meta = (await keysOf(board.boardNo))[0] ?? "";
    await redis.hset(meta, "lease_ends", 1);
    await ranking.place(board, [{ ...standing, version: 2 }]);
    assert.equal((await keysOf(board.boardNo)).length, 3);
    const isOver = (error: unknown) => isScoreError(error, "ranking_unavailable");
    await assert.rejects(async () => rebuild?.add([standing]), isOver);
    await build(ranking, board, { epoch: 3, standings: [standing] });
    assert.equal((await ranking.page(board, 0, 10)).epoch, 3);
  });

  it("does not trust what another Redis process left, and clears it away", async () => {
    await using own = await startRedis();
    const connection = connectRedis(
      [own.url],
      { connectMs: 10_000, commandMs: 30_000, silentMs: 30_000 },
      () => {},
    );
    connections.push(connection);
    const ranking = new RedisRanking({ connection, ledgerId: "x", instanceId: "x" });
    await until(() => connection.client.status === "ready");
    const [board, halfBuilt] = [aBoard("descending"), aBoard("descending")];
    const standing = aStanding({ playerId: "ann" });
    await build(ranking, board, { checkpoint: 5, standings: [standing] });
    const rebuild = await ranking.beginRebuild(board, 2);
    await rebuild?.add([standing]);
    const firstBuild = await ranking.beginRebuild(halfBuilt, 1);
    await firstBuild?.add([standing]);
    await own.command("SAVE");
    await own.kill();
    await own.start();
    await until(() => connection.client.status === "ready");
    assert.equal(Number(await own.command("DBSIZE")), 8, "everything is back");

    await assert.rejects(ranking.place(board, [standing]), RankingMissing);
    await assert.rejects(ranking.page(board, 0, 10), RankingMissing);
    await assert.rejects(ranking.around(board, "ann", 10), RankingMissing);
    await assert.rejects(ranking.setCheckpoint(board, 9), RankingMissing);
    assert.equal(await ranking.head(board), undefined);
    const isOver = (error: unknown) => isScoreError(error, "ranking_unavailable");
    for (const begun of [rebuild, firstBuild]) {
      await assert.rejects(async () => begun?.add([standing]), isOver);
      await assert.rejects(async () => begun?.finish(9), isOver);
    }
    const other = new RedisRanking({ connection, ledgerId: "x", instanceId: "y" });
    for (const one of [board, halfBuilt]) await build(other, one, { epoch: 3 });
    assert.equal((await ranking.page(board, 0, 10)).totalPlayers, 0);
    assert.equal(Number(await own.command("DBSIZE")), 2, "an empty board is its meta hash");
  });

  it("does not trust a ranking of another layout, and builds it anew", async () => {
    const ranking = await open(randomUUID());
    const board = aBoard("descending");
    const standing = aStanding({ playerId: "ann" });
    await build(ranking, board, { epoch: 1, standings: [standing] });
    const [meta = assert.fail()] = (await keysOf(board.boardNo)).sort();
    // The first layout was not named.
    const server = String(await redis.hget(meta, "server"));
    await redis.hset(meta, "server", server.replace(/\/\d+$/, ""));
    await assert.rejects(ranking.page(board, 0, 10), RankingMissing);
    await build(ranking, board, { epoch: 2, standings: [standing] });
    assert.equal((await ranking.page(board, 0, 10)).totalPlayers, 1);
    assert.equal((await keysOf(board.boardNo)).length, 3, "nothing of the old one is left");
  });

  it("lets no old epoch come back by its versions: they go on from the time", async () => {
    const ranking = await open(randomUUID());
    const board = aBoard("descending");
    await build(ranking, board);
    const before = (await ranking.place(board, [aStanding({ playerId: "ann" })])).version;
    await ranking.remove(board.boardNo);
    await build(ranking, board);
    assert.ok(((await ranking.head(board))?.version ?? 0) > before);
  });
});
