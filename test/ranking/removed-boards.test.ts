import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { instanceSuite } from "./instance-suite.ts";
import { until } from "./until.ts";

describe("a board that another instance removed", { timeout: 60_000 }, () => {
  const suite = instanceSuite();

  it("is forgotten, and does not come back to Redis", async () => {
    const [one, other] = [await suite.start(), await suite.start()];
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
    assert.deepEqual(await suite.redis.command("KEYS", `score:*{${board.boardNo}}*`), []);
    for (const { errors } of [one, other]) assert.deepEqual(errors, []);
  });

  it("can't be rebuilt", async () => {
    const [one, other] = [await suite.start(), await suite.start()];
    const { game, board } = await one.newGame();
    await other.isRanked(board);
    await one.ledger.games.delete(game.gameId);
    const rebuild = other.projector.rebuild(board, () => {});
    await assert.rejects(rebuild, { code: "unknown_board" });
  });
});
