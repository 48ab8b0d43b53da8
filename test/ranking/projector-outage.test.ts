import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { isScoreError } from "../../src/model/score-error.ts";
import { type RedisServer, startRedis } from "../servers/redis-server.ts";
import { replacing } from "./faults.ts";
import { Instance, SharedLedger } from "./instances.ts";

describe("boards while Redis is away", { timeout: 120_000 }, () => {
  let shared: SharedLedger;
  let redis: RedisServer;
  let one: Instance;
  /** Scans of a board's top. */
  let scans: number;
  before(async () => {
    shared = await SharedLedger.open();
  });
  beforeEach(async () => {
    redis = await startRedis();
    scans = 0;
    one = await Instance.start({
      shared,
      redisUrl: redis.url,
      wrap: {
        ledger: replacing((ledger) => ({
          standings: {
            top: (...args) => {
              scans += 1;
              return ledger.standings.top(...args);
            },
          },
        })),
      },
    });
  });
  afterEach(async () => {
    await one.close();
    assert.deepEqual(one.errors, []);
    await shared.forgetInstances();
    await redis.close();
  });
  after(() => shared?.close());

  for (const [state, fail, mend] of [
    ["dead", "kill", "start"],
    ["silent", "pause", "resume"],
  ] as const) {
    it(`go on taking scores and showing the top while it is ${state}, and heal`, async () => {
      const { game, board } = await one.newGame();
      for (const [index, player] of ["ann", "bob", "eve"].entries()) {
        await one.submit(game, player, index + 1);
      }
      await redis[fail]();
      assert.equal((await one.submit(game, "ann", 10)).size, 0, "no place is known");
      const { epoch, version, standings, totalPlayers } = await one.reader.page(board, 0, 2);
      assert.deepEqual([epoch, version, totalPlayers], [0, 0, 3]);
      assert.deepEqual(standings, (await one.truth(board)).slice(0, 2));

      const { standing } = await one.reader.place(board, "bob");
      assert.equal(standing.score, 2);
      assert.ok(!("rank" in standing), "no rank is known");
      const isOurs = (error: unknown) => isScoreError(error, "ranking_unavailable");
      await assert.rejects(one.reader.around(board, "bob", 5), isOurs);
      await assert.rejects(one.reader.page(board, 95, 10), isOurs);

      await redis[mend]();
      await one.isRanked(board);
      assert.deepEqual(await one.ranked(board), await one.truth(board));
      const around = await one.reader.around(board, "bob", 1);
      assert.deepEqual(
        around.standings.map(({ playerId, rank }) => [playerId, rank]),
        [["bob", 3]],
      );
      assert.equal((await one.submit(game, "bob", 10)).size, 1);
    });
  }

  it("cost the ledger at most one scan a tick, however many read", async () => {
    const { game, board } = await one.newGame();
    await one.submit(game, "ann");
    await redis.kill();
    await one.submit(game, "ann");
    scans = 0;
    const began = performance.now();
    for (let round = 0; round < 200; round += 1) {
      const pages = await Promise.all(
        Array.from({ length: 20 }, () => one.reader.page(board, 0, 10)),
      );
      for (const page of pages) assert.equal(page.standings[0]?.score, 2);
    }
    const ticks = (performance.now() - began) / 50;
    assert.ok(scans >= 1 && scans <= ticks + 1, `${scans} scans in ${ticks} ticks`);
  });

  it("see every commit within a tick while it is dead", async () => {
    const { game, board } = await one.newGame();
    await redis.kill();
    for (let score = 1; score <= 5; score += 1) {
      await one.submit(game, "ann");
      const began = performance.now();
      let read = 0;
      while ((await one.reader.page(board, 0, 1)).standings[0]?.score !== score) {
        read += 1;
        assert.ok(performance.now() - began < 10_000, `still not there after ${read} reads`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  });
});
