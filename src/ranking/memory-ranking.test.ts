import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aBoard, aStanding, build } from "../../test/ranking/ranking-backends.ts";
import { MemoryRanking } from "./memory-ranking.ts";

describe("a ranking in memory", () => {
  it("drops with a write what a builder who fell silent left, and nothing earlier", async () => {
    let now = 0;
    const ranking = new MemoryRanking(() => now);
    const board = aBoard("descending");
    await build(ranking, board);
    const rebuild = await ranking.beginRebuild(board, 2);
    assert.ok(rebuild);
    for (const version of [1, 2]) {
      now += 9_000;
      await rebuild.add([]);
      await ranking.place(board, [aStanding({ playerId: "ann", version })]);
    }
    now += 11_000;
    await rebuild.add([]);
    now += 11_000;
    await ranking.place(board, [aStanding({ playerId: "ann", version: 3 })]);
    await assert.rejects(rebuild.add([]), { code: "ranking_unavailable" });
    assert.equal((await ranking.page(board, 0, 1)).epoch, 1);
  });
});
