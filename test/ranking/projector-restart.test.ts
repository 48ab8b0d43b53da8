import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { type RedisServer, startRedis } from "../servers/redis-server.ts";
import { Instance, SharedLedger } from "./instances.ts";
import { until } from "./until.ts";

describe("the projector, when Redis lost writes", { timeout: 120_000 }, () => {
  let shared: SharedLedger;
  let redis: RedisServer;
  let instances: Instance[] = [];
  before(async () => {
    shared = await SharedLedger.open();
  });
  beforeEach(async () => {
    redis = await startRedis();
  });
  afterEach(async () => {
    for (const instance of instances) {
      await instance.close();
      assert.deepEqual(instance.errors, []);
    }
    instances = [];
    await shared.forgetInstances();
    await redis.close();
  });
  after(() => shared?.close());

  const start = async () => {
    const instance = await Instance.start({ shared, redisUrl: redis.url });
    instances.push(instance);
    return instance;
  };
  /** Without a command in between: only the connection can tell. */
  const reconnected = async (instance: Instance) => {
    await until(() => instance.connection.client.status === "ready");
  };

  it("builds a flushed board anew, equal to the ledger", async () => {
    const one = await start();
    const { game, board } = await one.newGame();
    for (const player of ["ann", "bob", "eve"]) await one.submit(game, player);
    const { epoch } = await one.reader.page(board, 0, 10);
    await redis.flush();
    await one.isRanked(board);
    const page = await one.reader.page(board, 0, 10);
    assert.ok(page.epoch > epoch, "the epoch grows");
    assert.deepEqual(page.standings, await one.truth(board));
    assert.equal(page.totalPlayers, 3);
  });

  it("builds a board anew after Redis was killed and came back empty", async () => {
    const one = await start();
    const { game, board } = await one.newGame();
    await one.submit(game, "ann", 5);
    await redis.kill();
    assert.equal((await one.submit(game, "bob", 7)).size, 0, "no places while Redis is down");
    await redis.start();
    await one.isRanked(board);
    assert.deepEqual(await one.ranked(board), await one.truth(board));
    assert.equal((await one.ranked(board)).length, 2);
  });

  it("builds a board anew when Redis comes back from an old snapshot", async () => {
    const one = await start();
    const { game, board } = await one.newGame();
    await one.submit(game, "ann");
    await redis.command("SAVE");
    await one.submit(game, "bob", 3);
    const { epoch } = await one.reader.page(board, 0, 10);
    await redis.kill();
    await redis.start();
    await reconnected(one);
    const page = await one.reader.page(board, 0, 10);
    assert.deepEqual(page.standings, await one.truth(board), "no reader sees the old state");
    await one.isRanked(board);
    const healed = await one.reader.page(board, 0, 10);
    assert.ok(healed.epoch > epoch, "the epoch grows");
    assert.deepEqual(healed.standings, await one.truth(board));
  });

  it("notices an old snapshot also when a write comes first", async () => {
    const one = await start();
    const { game, board } = await one.newGame();
    await one.submit(game, "ann");
    await redis.command("SAVE");
    await one.submit(game, "bob", 3);
    await redis.kill();
    await redis.start();
    await reconnected(one);
    await one.submit(game, "eve", 5);
    const page = await one.reader.page(board, 0, 10);
    assert.deepEqual(page.standings, await one.truth(board), "no reader sees the old state");
    await one.isRanked(board);
    assert.deepEqual(await one.ranked(board), await one.truth(board));
  });

  it("notices an old snapshot also when another instance writes first", async () => {
    const [one, two] = [await start(), await start()];
    const { game, board } = await one.newGame();
    await one.submit(game, "ann");
    await two.isRanked(board);
    await redis.command("SAVE");
    await one.submit(game, "bob", 3);
    await redis.kill();
    await redis.start();
    await Promise.all([reconnected(one), reconnected(two)]);
    await two.submit(game, "eve", 5);
    for (const instance of [two, one]) {
      const page = await instance.reader.page(board, 0, 10);
      assert.deepEqual(page.standings, await one.truth(board), "no reader sees the old state");
      await instance.isRanked(board);
      assert.deepEqual(await instance.ranked(board), await one.truth(board));
    }
  });
});
