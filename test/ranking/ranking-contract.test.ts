import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { after, before, describe, it } from "node:test";
import { type Ranking, RankingMissing } from "../../src/ranking/ranking.ts";
import { aBoard, aStanding, type Backend, backends, build } from "./ranking-backends.ts";

for (const kind of backends) {
  describe(`a ranking in ${kind.name}`, () => {
    let backend: Backend;
    let ranking: Ranking;
    before(async () => {
      backend = await kind.open();
      ranking = await backend.instance();
    });
    after(() => backend?.close());

    it("is missing until it was built, and after it was removed", async () => {
      const board = aBoard("descending");
      const standing = aStanding({ playerId: "ann" });
      const isMissing = async () => {
        await assert.rejects(ranking.place(board, [standing]), RankingMissing);
        await assert.rejects(ranking.page(board, 0, 10), RankingMissing);
        await assert.rejects(ranking.around(board, "ann", 10), RankingMissing);
        await assert.rejects(ranking.setCheckpoint(board, 1), RankingMissing);
        assert.equal(await ranking.head(board), undefined);
        await ranking.remove(board.boardNo);
        assert.deepEqual(await backend.keys(board.boardNo), []);
      };
      await isMissing();
      await build(ranking, board, { standings: [standing] });
      assert.equal((await ranking.page(board, 0, 10)).totalPlayers, 1);
      await ranking.remove(board.boardNo);
      await isMissing();
    });

    it("is empty, and was never changed, right after it was built of nothing", async () => {
      const board = aBoard("descending");
      await build(ranking, board, { epoch: 3, checkpoint: 17 });
      const head = await ranking.head(board);
      const { epoch, version } = head ?? {};
      assert.deepEqual(head, { epoch: 3, version, checkpoint: 17 });
      assert.deepEqual(await ranking.page(board, 0, 10), {
        epoch,
        version,
        totalPlayers: 0,
        changedAt: undefined,
        changes: 0,
        standings: [],
      });
      assert.equal(await ranking.around(board, "ann", 10), undefined);
    });

    it("answers the places before and after a call, for each standing", async () => {
      const board = aBoard("descending");
      await build(ranking, board);
      const first = [
        aStanding({ playerId: "ann", score: 5, seq: 1 }),
        aStanding({ playerId: "bob", score: 3, seq: 2 }),
      ];
      assert.deepEqual((await ranking.place(board, first)).placements, [
        { rank: 1, previousRank: undefined },
        { rank: 2, previousRank: undefined },
      ]);
      const second = [
        aStanding({ playerId: "bob", score: 5, seq: 3, version: 2 }),
        aStanding({ playerId: "eve", score: 9, seq: 4 }),
        aStanding({ playerId: "ann", score: 4, seq: 5, version: 2 }),
      ];
      assert.deepEqual((await ranking.place(board, second)).placements, [
        { rank: 2, previousRank: 2 },
        { rank: 1, previousRank: undefined },
        { rank: 3, previousRank: 1 },
      ]);
    });

    it("raises a checkpoint and never lowers it", async () => {
      const board = aBoard("descending");
      await build(ranking, board, { checkpoint: 9 });
      for (const [seq, expected] of [
        [10, 10],
        [9, 10],
        [2 ** 53 - 1, 2 ** 53 - 1],
        [2 ** 53 - 2, 2 ** 53 - 1],
      ] as const) {
        await ranking.setCheckpoint(board, seq);
        assert.equal((await ranking.head(board))?.checkpoint, expected);
      }
    });

    it("keeps boards apart", async () => {
      const boards = [aBoard("descending"), aBoard("ascending")];
      for (const board of boards) await build(ranking, board);
      for (const board of boards) {
        await ranking.place(board, [aStanding({ playerId: `on ${board.boardNo}` })]);
      }
      for (const board of boards) {
        const { standings } = await ranking.page(board, 0, 10);
        assert.deepEqual(
          standings.map(({ playerId }) => playerId),
          [`on ${board.boardNo}`],
        );
      }
    });

    it("tells followers of a change made elsewhere, once, and of nothing that changed nothing", async () => {
      const board = aBoard("descending");
      const elsewhere = await backend.instance();
      const notices = new EventEmitter();
      const seen: string[] = [];
      const follow = (name: string) =>
        ranking.follow(board.boardNo, () => {
          seen.push(name);
          notices.emit(name);
        });
      const stopFirst = await follow("first");
      await follow("second");

      const built = once(notices, "second");
      await build(elsewhere, board);
      await built;
      assert.deepEqual(seen.splice(0), ["first", "second"]);

      const standing = aStanding({ playerId: "ann", version: 2 });
      const arrived = once(notices, "second");
      await elsewhere.place(board, [standing]);
      await arrived;
      assert.deepEqual(seen, ["first", "second"]);

      stopFirst();
      stopFirst();
      await elsewhere.place(board, [standing]);
      await elsewhere.place(board, [{ ...standing, version: 1, score: 7 }]);
      await elsewhere.setCheckpoint(board, 5);
      const arrivedAgain = once(notices, "second");
      await elsewhere.place(board, [{ ...standing, version: 3 }]);
      await arrivedAgain;
      assert.deepEqual(seen, ["first", "second", "second"]);
    });

    it("tells followers of a new epoch, and nobody who left", async () => {
      const board = aBoard("descending");
      const first = Promise.withResolvers<void>();
      let firstCalls = 0;
      const leave = await ranking.follow(board.boardNo, () => {
        firstCalls += 1;
        first.resolve();
      });
      await build(ranking, board);
      await first.promise;
      leave();
      const again = Promise.withResolvers<void>();
      await ranking.follow(board.boardNo, again.resolve);
      await build(ranking, board, { epoch: 2 });
      await again.promise;
      assert.equal(firstCalls, 1);
    });
  });
}
