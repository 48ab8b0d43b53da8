import assert from "node:assert/strict";
import { it } from "node:test";
import { toJson } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import {
  AdminService,
  Aggregation,
  BoardState,
  Direction,
  GameSchema,
} from "../../gen/score/v1/admin_pb.js";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { eventually } from "./eventually.ts";
import { type GameFields, newGame, submit, submitAll } from "./games.ts";
import { CallError } from "./lane-client.ts";
import { describeLanes, type Lane, newId } from "./lane-suite.ts";
import { assertIs, assertRefused, unknown } from "./refusal.ts";
import { tokenFor } from "./test-service.ts";

const { putGame, getGame, listGames, deleteGame } = AdminService.method;

const settings: GameFields = {
  boards: [
    { boardId: "total", title: "All time ⭐" },
    { boardId: "lap", aggregation: Aggregation.BEST, direction: Direction.ASCENDING },
    { boardId: "last", aggregation: Aggregation.LATEST, direction: Direction.DESCENDING },
  ],
  actions: [
    { action: "win", points: 5n, maxPerMinute: 10 },
    { action: "foul", points: -(2n ** 53n - 1n) },
  ],
};

describeLanes("AdminService", (lane) => {
  const put = (game: GameFields & { gameId: string }) =>
    lane.client.call(putGame, { game }, lane.admin);
  const get = (gameId: string) => lane.client.call(getGame, { gameId }, lane.admin);

  it("keeps a game's settings and says since when", async () => {
    const gameId = newId("game");
    const { game } = await put({ ...settings, gameId });
    assert.ok(game?.updatedAt && Math.abs(timestampMs(game.updatedAt) - Date.now()) < 60_000);
    const { updatedAt: _, ...kept } = toJson(GameSchema, game) as Record<string, unknown>;
    const ready = { direction: "DIRECTION_DESCENDING", state: "BOARD_STATE_READY" };
    await untilReady(lane, gameId);
    assert.deepEqual(
      { ...kept, boards: game.boards.map(({ boardId }) => boardId) },
      {
        gameId,
        boards: ["total", "lap", "last"],
        actions: [
          { action: "win", points: "5", maxPerMinute: 10 },
          { action: "foul", points: "-9007199254740991" },
        ],
      },
    );
    const read = toJson(GameSchema, (await get(gameId)).game ?? game) as Record<string, unknown>;
    assert.deepEqual(read.boards, [
      { ...ready, boardId: "total", aggregation: "AGGREGATION_SUM", title: "All time ⭐" },
      {
        ...ready,
        boardId: "lap",
        aggregation: "AGGREGATION_BEST",
        direction: "DIRECTION_ASCENDING",
      },
      { ...ready, boardId: "last", aggregation: "AGGREGATION_LATEST" },
    ]);
    assert.deepEqual(read.actions, kept.actions);
  });

  it("replaces a game's settings as a whole", async () => {
    const gameId = newId("game");
    await put({ ...settings, gameId });
    await submit(lane, { gameId });
    await put({ gameId, boards: [{ boardId: "last", aggregation: Aggregation.LATEST }] });
    const { game } = await get(gameId);
    assert.deepEqual(
      game?.boards.map(({ boardId }) => boardId),
      ["last"],
    );
    assert.deepEqual(game.actions, []);
    const read = { gameId, playerId: "ada" };
    await assertRefused(
      lane.client.call(ScoreService.method.getStanding, { ...read, boardId: "total" }),
      unknown("BOARD", `game ${gameId} has no board total`),
    );
    const { entry } = await lane.client.call(ScoreService.method.getStanding, read);
    assert.equal(entry?.score, 1n, "a board that stays keeps its standings");
    await assertRefused(
      submit(lane, { gameId, what: { case: "action", value: "win" } }),
      unknown("ACTION", `game ${gameId} has no action win`),
    );
  });

  it("fills a board that is new in a game with history, and one whose rules changed", async () => {
    const gameId = await newGame(lane);
    await submitAll(lane, gameId, [
      ["ada", 5],
      ["bo", 8],
      ["ada", 2],
      ["ada", 4],
    ]);
    const best = { boardId: "best", aggregation: Aggregation.BEST };
    await put({ gameId, boards: [{ boardId: "main" }, best] });
    await untilReady(lane, gameId);
    assert.deepEqual(await board(lane, gameId, "best"), ["bo 8", "ada 5"]);
    await put({ gameId, boards: [{ boardId: "main", aggregation: Aggregation.LATEST }, best] });
    await untilReady(lane, gameId);
    assert.deepEqual(await board(lane, gameId, "main"), ["bo 8", "ada 4"]);
    assert.deepEqual(await board(lane, gameId, "best"), ["bo 8", "ada 5"]);
    const { standings } = await submit(lane, { gameId, what: { case: "points", value: 9n } });
    assert.deepEqual(
      standings.map(({ boardId, score }) => `${boardId} ${score}`),
      ["main 9", "best 9"],
    );
  });

  it("lists the games that the token covers, by id, in pages", async () => {
    const games = (await Promise.all([1, 2, 3].map(() => newGame(lane)))).sort();
    const options = { token: await tokenFor("admin", "operator", games) };
    const list = async (request: object) => {
      const page = await lane.client.call(listGames, request, options);
      return { ids: page.games.map(({ gameId }) => gameId), next: page.nextPageToken };
    };
    assert.deepEqual(await list({}), { ids: games, next: "" });
    const first = await list({ limit: 2 });
    assert.deepEqual(first.ids, games.slice(0, 2));
    assert.deepEqual(await list({ limit: 2, pageToken: first.next }), {
      ids: games.slice(2),
      next: "",
    });
    const all = await lane.client.call(listGames, { limit: 1_000 }, lane.admin);
    for (const gameId of games) assert.ok(all.games.some((game) => game.gameId === gameId));
  });

  it("deletes a game for good: later events start a new one", async () => {
    const gameId = newId("game");
    await put({ ...settings, gameId });
    await submit(lane, { gameId, actionId: "once" });
    await lane.client.call(deleteGame, { gameId }, lane.admin);
    const gone = unknown("GAME", `there is no game ${gameId}`);
    await assertRefused(get(gameId), gone);
    await assertRefused(lane.client.call(deleteGame, { gameId }, lane.admin), gone);
    await assertRefused(lane.client.call(ScoreService.method.getLeaderboard, { gameId }), gone);
    const { duplicate, standings } = await submit(lane, { gameId, actionId: "once" });
    assert.equal(duplicate, false);
    assert.deepEqual(
      standings.map(({ boardId, score }) => `${boardId} ${score}`),
      ["main 1"],
    );
  });

  it("does not know a game that is not there", async () => {
    const gameId = newId("game");
    await assertRefused(get(gameId), unknown("GAME", `there is no game ${gameId}`));
  });
});

async function board({ client }: Lane, gameId: string, boardId: string): Promise<string[]> {
  const { getLeaderboard } = ScoreService.method;
  const page = await client.call(getLeaderboard, { gameId, boardId });
  return page.entries.map(({ playerId, score }) => `${playerId} ${score}`);
}

/** Until a board can be read, reading it fails as one that is being filled; then it is said to be ready. */
async function untilReady({ client, admin }: Lane, gameId: string): Promise<void> {
  const { game } = await client.call(getGame, { gameId }, admin);
  for (const { boardId } of game?.boards ?? []) {
    const { getLeaderboard } = ScoreService.method;
    await eventually(`board ${boardId} is filled`, async () => {
      const read = client.call(getLeaderboard, { gameId, boardId });
      const error = await read.then(
        () => undefined,
        (reason) => reason,
      );
      if (error === undefined) return true;
      assert.ok(error instanceof CallError, error);
      assertIs(error, {
        code: Code.Unavailable,
        reason: "BOARD_FILLING",
        message: `board ${boardId} is being filled from the game's history`,
      });
      return false;
    });
  }
  const now = await client.call(getGame, { gameId }, admin);
  assert.ok(now.game?.boards.every(({ state }) => state === BoardState.READY));
}
