import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type RedisServer, startRedis } from "../servers/redis-server.ts";
import { Instance, SharedLedger } from "./instances.ts";
import { until } from "./until.ts";

describe("a board that another instance removed", { timeout: 60_000 }, () => {
  let shared: SharedLedger;
  let redis: RedisServer;
  let instances: Instance[] = [];
  before(async () => {
    [shared, redis] = await Promise.all([SharedLedger.open(), startRedis()]);
    const start = () => Instance.start({ shared, redisUrl: redis.url });
    instances = await Promise.all([start(), start()]);
  });
  after(async () => {
    await Promise.all(instances.map((instance) => instance.close()));
    await Promise.all([shared?.close(), redis?.close()]);
  });

  it("is forgotten, and does not come back to Redis", async () => {
    const [one, other] = instances;
    assert.ok(one && other);
    const { game, board } = await one.newGame();
    await other.submit(game, "ann");
    assert.equal((await other.ranked(board)).length, 1);
    await one.ledger.games.delete(game.gameId);
    await one.ledger.upkeep(async (boardNo) => {
      one.projector.forget(boardNo);
      await one.ranking.remove(boardNo);
    });
    // As somebody asks whose settings are older.
    await assert.rejects(other.ranked(board), { code: "ranking_unavailable" });
    await until(async () => other.projector.boardsBehind === 0);
    assert.deepEqual(await redis.command("KEYS", `score:*{${board.boardNo}}*`), []);
    for (const { errors } of instances) assert.deepEqual(errors, []);
  });

  it("can't be rebuilt", async () => {
    const [one, other] = instances;
    assert.ok(one && other);
    const { game, board } = await one.newGame();
    await other.isRanked(board);
    await one.ledger.games.delete(game.gameId);
    const rebuild = other.projector.rebuild(board, () => {});
    await assert.rejects(rebuild, { code: "unknown_board" });
  });
});
