import assert from "node:assert/strict";
import { it } from "node:test";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import {
  AdminService,
  BoardState,
  Direction,
  RankingDifference_Kind as Kind,
  type RankingRecord,
  type RebuildRankingResponse,
  type VerifyRankingResponse,
} from "../../gen/score/v1/admin_pb.js";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { newGame, submit, submitAll } from "./games.ts";
import { describeLanes, newId } from "./lane-suite.ts";
import { RedisBoard } from "./redis-board.ts";
import { assertRefused, denied, invalid, unauthenticated, unknown } from "./refusal.ts";
import { tokenFor } from "./test-service.ts";

const { verifyRanking, rebuildRanking } = AdminService.method;
const { getLeaderboard } = ScoreService.method;

describeLanes("VerifyRanking and RebuildRanking", (lane) => {
  const verify = (request: object, options = lane.admin): Promise<VerifyRankingResponse[]> =>
    Array.fromAsync(lane.client.watch(verifyRanking, request, options));
  const rebuild = (request: object, options = lane.admin): Promise<RebuildRankingResponse[]> =>
    Array.fromAsync(lane.client.watch(rebuildRanking, request, options));
  const both = [
    ["VerifyRanking", verify],
    ["RebuildRanking", rebuild],
  ] as const;

  const boards = [{ boardId: "main" }, { boardId: "lap", direction: Direction.ASCENDING }];
  const newBoards = async () => {
    const gameId = await newGame(lane, { boards });
    await submitAll(lane, gameId, [
      ["ada", 5],
      ["bo", 8],
      ["cy", -5],
      ["di", 0],
    ]);
    return gameId;
  };

  it("find every board of a game as the ledger says, and say how many players they looked at", async () => {
    const gameId = await newBoards();
    assert.deepEqual(
      finals(await verify({ gameId })),
      boards.map(({ boardId }) => `${boardId}: 4 of 4 checked, 0 differ`),
    );
    assert.deepEqual(finals(await verify({ gameId, boardId: "lap" })), [
      "lap: 4 of 4 checked, 0 differ",
    ]);
  });

  it("build every board of a game anew, in a later epoch and the same order", async () => {
    const gameId = await newBoards();
    const page = (boardId: string) => lane.client.call(getLeaderboard, { gameId, boardId });
    const before = await Promise.all([page("main"), page("lap")]);
    const messages = await rebuild({ gameId });
    const done = messages.filter(({ done }) => done);
    assert.deepEqual(
      done.map((m) => [m.gameId, m.boardId, m.state, m.playersBuilt, m.totalPlayers]),
      boards.map(({ boardId }) => [gameId, boardId, BoardState.READY, 4n, 4n]),
    );
    const after = await Promise.all([page("main"), page("lap")]);
    for (const [index, { epoch, version, ...rest }] of after.entries()) {
      const { epoch: oldEpoch, version: oldVersion, ...oldRest } = before[index] ?? assert.fail();
      assert.ok(epoch > oldEpoch);
      assert.ok(version > oldVersion);
      assert.deepEqual(rest, oldRest);
    }
    assert.deepEqual(finals(await verify({ gameId })).length, 2);
  });

  it("cover every game of the token when none is named", async () => {
    const games = (await Promise.all([newBoards(), newBoards()])).sort();
    await newBoards();
    const options = { token: await tokenFor("admin", "operator", games) };
    for (const [, call] of both) {
      const done = (await call({}, options)).filter((message) => message.done);
      assert.deepEqual(
        done.map(({ gameId, boardId }) => [gameId, boardId]),
        games.flatMap((gameId) => boards.map(({ boardId }) => [gameId, boardId])),
      );
    }
  });

  for (const [name, call] of both) {
    it(`${name} is refused for what it can't find, or must not touch`, async () => {
      const gameId = await newBoards();
      const nowhere = newId("game");
      await assertRefused(
        call({ gameId: nowhere }),
        unknown("GAME", `there is no game ${nowhere}`),
      );
      await assertRefused(
        call({ gameId, boardId: "none" }),
        unknown("BOARD", `game ${gameId} has no board none`),
      );
      await assertRefused(
        call({ boardId: "main" }),
        invalid({ game_id: "is required with board_id" }),
      );
      await assertRefused(
        call({ gameId: "a b", boardId: "c d" }),
        invalid({
          game_id: "must have 1 to 128 characters out of letters, digits and -_.:@",
          board_id: "must have 1 to 128 characters out of letters, digits and -_.:@",
        }),
      );
      await assertRefused(call({ gameId }, {}), unauthenticated());
      await assertRefused(call({}, {}), unauthenticated());
      await assertRefused(call({}, lane.server), denied("the role admin is needed"));
      const other = { token: await tokenFor("admin", "operator", nowhere) };
      await assertRefused(
        call({ gameId }, other),
        denied(`the token does not cover game ${gameId}`),
      );
    });
  }

  if (!lane.hasRedis) return;

  it("name each difference, which a rebuild makes good", async (t) => {
    const gameId = await newGame(lane);
    const [first = "", ...players] = Array.from({ length: 8 }, () => newId("p")).sort();
    const points = players.map((playerId, index) => [playerId, index] as const);
    await submitAll(lane, gameId, [[first, 100], ...points]);
    const [scored = "", unplaced = "", unrecorded = "", renamed = "", twice = ""] = players;
    await submit(lane, { gameId, playerId: renamed, displayName: "Rob" });
    const ranked = async () => {
      const { entries } = await lane.client.call(getLeaderboard, { gameId });
      return entries.map(({ displayName, score }) => `${displayName} ${score}`);
    };
    const truth = await ranked();

    const board = await RedisBoard.of(lane.redisUrl ?? assert.fail(), first);
    t.after(() => board.close());
    await board.setScore(scored, 77.5);
    await board.removePlace(unplaced);
    await board.removeRecord(unrecorded);
    await board.rename(renamed, "Bob");
    await board.addPlace(twice, 1, 50);
    const stranger = newId("stranger");
    await board.addPlayer(stranger, first, Number.NEGATIVE_INFINITY);

    const messages = await verify({ gameId });
    const { differenceCount, playersChecked } = messages.at(-1) ?? assert.fail();
    assert.equal(playersChecked, 8n);
    const told = messages.flatMap(({ differences }) => differences);
    assert.equal(differenceCount, BigInt(told.length));
    assert.deepEqual(
      told
        .map(({ playerId, kind, fields, ledger, ranking }) =>
          [playerId, Kind[kind], ...fields, said(ledger), said(ranking)].join(" | "),
        )
        .sort(),
      [
        `${scored} | OTHER | score | 0 | 78`,
        `${unplaced} | OTHER | place | 1 | nowhere`,
        `${unrecorded} | MISSING | 2 | -`,
        // Its place is one that no record stands for any more.
        `${unrecorded} | SURPLUS | 2 | 2`,
        `${renamed} | OTHER | display_name | 4 Rob | 4 Bob`,
        `${twice} | SURPLUS | 4 | 50`,
        `${stranger} | SURPLUS | - | ${-(2n ** 63n)}`,
      ].sort(),
    );
    for (const { ledger } of told) {
      if (ledger?.updatedAt) assert.ok(Math.abs(timestampMs(ledger.updatedAt) - Date.now()) < 6e4);
    }

    await rebuild({ gameId, boardId: "main" });
    assert.deepEqual(finals(await verify({ gameId })), ["main: 8 of 8 checked, 0 differ"]);
    assert.deepEqual(await ranked(), truth);
  });
});

function finals(messages: readonly VerifyRankingResponse[]): string[] {
  return messages
    .filter(({ done }) => done)
    .map(
      ({ boardId, playersChecked, totalPlayers, differenceCount }) =>
        `${boardId}: ${playersChecked} of ${totalPlayers} checked, ${differenceCount} differ`,
    );
}

function said(record: RankingRecord | undefined): string {
  if (record === undefined) return "-";
  const { score, displayName } = record;
  return `${score ?? "nowhere"}${displayName && ` ${displayName}`}`;
}
