import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { isScoreError } from "../../src/model/score-error.ts";
import { compareStandings, type Standing } from "../../src/model/standing.ts";
import { type Ranking, RankingMissing } from "../../src/ranking/ranking.ts";
import { aBoard, aStanding, type Backend, backends, build } from "./ranking-backends.ts";

const isUnavailable = (error: unknown) => isScoreError(error, "ranking_unavailable");

/** What may happen while a board is rebuilt: a commit, placed as long as nothing is lost, or the builder's next step. */
const event = fc.oneof(
  fc.record({ kind: fc.constant("commit" as const), player: fc.nat(9), score: fc.integer() }),
  fc.record({ kind: fc.constant("step" as const) }),
);

for (const kind of backends) {
  describe(`a rebuild in ${kind.name}`, () => {
    let backend: Backend;
    let ranking: Ranking;
    before(async () => {
      backend = await kind.open();
      ranking = await backend.instance();
    });
    after(() => backend?.close());

    const playersOf = async (board: ReturnType<typeof aBoard>) => {
      const { epoch, standings } = await ranking.page(board, 0, 100);
      return [epoch, ...standings.map(({ playerId, score }) => `${playerId} ${score}`)];
    };

    it("holds what was written meanwhile, wherever the builder was", async () => {
      const property = fc.asyncProperty(
        fc.array(event, { maxLength: 15, size: "max" }),
        fc.array(event, { maxLength: 40, size: "max" }),
        async (before, during) => {
          const board = aBoard("descending");
          const ledger = new Map<string, Standing>();
          const commit = ({ player, score }: { player: number; score: number }) => {
            const playerId = `p${player}`;
            const version = (ledger.get(playerId)?.version ?? 0) + 1;
            seq += 1;
            const standing = aStanding({ playerId, score, seq, version });
            ledger.set(playerId, standing);
            return standing;
          };
          let seq = 0;
          await build(ranking, board);
          // These are lost: only the rebuild can bring them in.
          for (const one of before) if (one.kind === "commit") commit(one);

          const rebuild = await ranking.beginRebuild(board, 2);
          assert.ok(rebuild);
          let after = "";
          const step = async () => {
            const page = [...ledger.values()]
              .filter(({ playerId }) => playerId > after)
              .sort((a, b) => (a.playerId < b.playerId ? -1 : 1))
              .slice(0, 2);
            after = page.at(-1)?.playerId ?? after;
            await rebuild.add(page);
            return page.length > 0;
          };
          for (const one of during) {
            if (one.kind === "step") await step();
            else await ranking.place(board, [commit(one)]);
          }
          while (await step());
          await rebuild.finish(seq);

          const sorted = [...ledger.values()].sort((a, b) => compareStandings("descending", a, b));
          const expected = sorted.map((standing, index) => ({ ...standing, rank: index + 1 }));
          const page = await ranking.page(board, 0, 100);
          assert.deepEqual(page.standings, expected);
          assert.equal(
            page.changes,
            sorted.reduce((sum, { version }) => sum + version, 0),
          );
          await ranking.remove(board.boardNo);
        },
      );
      await fc.assert(property, { numRuns: 60, interruptAfterTimeLimit: 60_000 });
    });

    it("leaves the old ranking in use until it is finished, then takes its place", async () => {
      const board = aBoard("descending");
      await build(ranking, board, { standings: [aStanding({ playerId: "lost", score: 1 })] });
      const rebuild = await ranking.beginRebuild(board, 2);
      await rebuild?.add([aStanding({ playerId: "ann", score: 5 })]);
      assert.deepEqual(await playersOf(board), [1, "lost 1"]);
      await ranking.place(board, [aStanding({ playerId: "bob", score: 3, seq: 2 })]);
      assert.deepEqual(await playersOf(board), [1, "bob 3", "lost 1"]);
      const old = await ranking.head(board);
      await rebuild?.finish(7);
      assert.deepEqual(await playersOf(board), [2, "ann 5", "bob 3"]);
      const head = await ranking.head(board);
      assert.equal(head?.checkpoint, 7);
      assert.ok(head.version > (old?.version ?? Infinity), "the version grows");
    });

    it("takes writes while the first ranking is built, though nobody can read it", async () => {
      const board = aBoard("descending");
      const rebuild = await ranking.beginRebuild(board, 1);
      const standing = aStanding({ playerId: "ann", score: 5, version: 2 });
      await assert.rejects(ranking.place(board, [standing]), RankingMissing);
      await assert.rejects(ranking.page(board, 0, 10), RankingMissing);
      assert.equal(await ranking.head(board), undefined);
      await rebuild?.add([{ ...standing, score: 1, version: 1 }]);
      await rebuild?.finish(1);
      assert.deepEqual(await playersOf(board), [1, "ann 5"]);
    });

    it("gives way when its instance begins anew", async () => {
      const board = aBoard("descending");
      await build(ranking, board);
      const first = await ranking.beginRebuild(board, 2);
      await first?.add([aStanding({ playerId: "from the first" })]);
      const second = await ranking.beginRebuild(board, 3);
      assert.ok(second, "an instance whose rebuild failed must be able to try again");
      await assert.rejects(
        async () => first?.add([aStanding({ playerId: "late" })]),
        isUnavailable,
      );
      await assert.rejects(async () => first?.finish(1), isUnavailable);
      await second.add([aStanding({ playerId: "ann", score: 5 })]);
      await second.finish(1);
      assert.deepEqual(await playersOf(board), [3, "ann 5"]);
      await assert.rejects(async () => second.finish(1), isUnavailable);
    });

    it("does not begin when a later one has ended meanwhile", async () => {
      const board = aBoard("descending");
      await build(ranking, board, { epoch: 3, standings: [aStanding({ playerId: "ann" })] });
      for (const epoch of [2, 3]) {
        assert.equal(await ranking.beginRebuild(board, epoch), undefined);
        assert.deepEqual(await playersOf(board), [3, "ann 0"]);
      }
      assert.ok(await ranking.beginRebuild(board, 4));
    });

    it("ends when its board is removed", async () => {
      const board = aBoard("descending");
      await build(ranking, board);
      const rebuild = await ranking.beginRebuild(board, 2);
      await ranking.remove(board.boardNo);
      await assert.rejects(
        async () => rebuild?.add([aStanding({ playerId: "ann" })]),
        isUnavailable,
      );
      await assert.rejects(async () => rebuild?.finish(1), isUnavailable);
      assert.equal(await ranking.head(board), undefined);
    });

    if (!kind.isShared) return;

    it("is one instance's at a time", async () => {
      const board = aBoard("descending");
      const other = await backend.instance();
      const first = await ranking.beginRebuild(board, 1);
      assert.equal(await other.beginRebuild(board, 2), undefined);
      await first?.finish(1);
      const second = await other.beginRebuild(board, 3);
      assert.ok(second);
      assert.equal(await ranking.beginRebuild(board, 4), undefined);
      await second.finish(1);
    });

    it("leaves no keys but those of the epoch in use, and none once the board is removed", async () => {
      const board = aBoard("descending");
      const standings = [aStanding({ playerId: "ann" })];
      const keys = () => backend.keys(board.boardNo);
      for (const epoch of [1, 2, 3]) await build(ranking, board, { epoch, standings });
      assert.equal((await keys()).length, 3, `${await keys()}`);
      const abandoned = await ranking.beginRebuild(board, 4);
      await abandoned?.add(standings);
      assert.equal((await keys()).length, 5, `${await keys()}`);
      await build(ranking, board, { epoch: 5, standings });
      assert.equal((await keys()).length, 3, `${await keys()}`);
      const begun = await ranking.beginRebuild(board, 6);
      await begun?.add(standings);
      await ranking.remove(board.boardNo);
      assert.deepEqual(await keys(), []);
    });
  });
}
