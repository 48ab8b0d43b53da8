import assert from "node:assert/strict";
import { it } from "node:test";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Aggregation, Direction } from "../../gen/score/v1/admin_pb.js";
import { type GetLeaderboardResponse, ScoreService } from "../../gen/score/v1/score_pb.js";
import { newGame, submit, submitAll } from "./games.ts";
import { describeLanes, type Lane, newId } from "./lane-suite.ts";
import { assertRefused, invalid, unknown } from "./refusal.ts";

interface Request {
  readonly gameId: string;
  readonly boardId?: string;
  readonly limit?: number;
  readonly pageToken?: string;
  readonly aroundPlayerId?: string;
}

/** Seven players of four scores: ties go to who was first. */
const scores = [
  ["cy", 20],
  ["ada", 30],
  ["bo", 20],
  ["di", 40],
  ["eve", 20],
  ["flo", 10],
  ["gus", 30],
] as const;
const order = ["di", "ada", "gus", "cy", "bo", "eve", "flo"];

const alphabet = "must have 1 to 128 characters out of letters, digits and -_.:@";

describeLanes("GetLeaderboard", (lane) => {
  const read = (request: Request) => lane.client.call(ScoreService.method.getLeaderboard, request);

  it("shows the best first, and of equal scores the one that was reached first", async () => {
    const gameId = await newGame(lane);
    await submitAll(lane, gameId, scores);
    const page = await read({ gameId });
    assert.deepEqual(players(page), order);
    assert.deepEqual(
      page.entries.map(({ rank, score }) => [Number(rank), Number(score)]),
      [40, 30, 30, 20, 20, 20, 10].map((score, index) => [index + 1, score]),
    );
    assert.equal(page.totalPlayers, 7n);
    assert.equal(page.nextPageToken, "");
    const times = page.entries.map(({ updatedAt }) => updatedAt && timestampMs(updatedAt));
    assert.equal(page.changedAt && timestampMs(page.changedAt), Math.max(...times.map(Number)));
  });

  it("pages through all players without gaps or repeats", async () => {
    const gameId = await newGame(lane);
    const many = Array.from(
      { length: 237 },
      (_, index) => [`p${index}`, (index * 7) % 11] as const,
    );
    await submitAll(lane, gameId, many);
    const expected = many.toSorted(([, a], [, b]) => b - a).map(([player]) => player);
    for (const limit of [10, 79, 100]) {
      const pages = await allPages(lane, { gameId, limit });
      assert.deepEqual(pages.flatMap(players), expected);
      assert.equal(pages.length, Math.ceil(237 / limit));
      assert.ok(pages.every(({ totalPlayers }) => totalPlayers === 237n));
    }
  });

  it("shows ten entries unless the limit, 1 to 100, says otherwise", async () => {
    const gameId = await newGame(lane);
    await submitAll(
      lane,
      gameId,
      Array.from({ length: 101 }, (_, index) => [`p${index}`, -index] as const),
    );
    const lengthOf = async (limit: object) => (await read({ gameId, ...limit })).entries.length;
    assert.equal(await lengthOf({}), 10);
    assert.equal(await lengthOf({ limit: 1 }), 1);
    assert.equal(await lengthOf({ limit: 100 }), 100);
    for (const limit of [0, -1, 101, 2 ** 31 - 1]) {
      await assertRefused(read({ gameId, limit }), invalid({ limit: "must be 1 to 100" }));
    }
  });

  it("shows a player among their neighbours, and goes on from there", async () => {
    const gameId = await newGame(lane);
    await submitAll(lane, gameId, scores);
    const around = (aroundPlayerId: string, limit: number) =>
      read({ gameId, aroundPlayerId, limit });
    const middle = await around("cy", 3);
    assert.deepEqual(players(middle), ["gus", "cy", "bo"]);
    assert.equal(middle.entries[0]?.rank, 3n);
    assert.deepEqual(players(await around("di", 3)), ["di", "ada", "gus"]);
    assert.deepEqual(players(await around("flo", 3)), ["bo", "eve", "flo"]);
    assert.deepEqual(players(await around("cy", 100)), order);
    assert.deepEqual(players(await around("cy", 1)), ["cy"]);
    const rest = await read({ gameId, pageToken: middle.nextPageToken });
    assert.deepEqual(players(rest), ["eve", "flo"]);
  });

  it("shows an ascending board from the least", async () => {
    const gameId = await newGame(lane, {
      boards: [
        { boardId: "lap", aggregation: Aggregation.BEST, direction: Direction.ASCENDING },
        { boardId: "total" },
      ],
    });
    await submitAll(lane, gameId, scores);
    const fastest = ["flo", "cy", "bo", "eve", "ada", "gus", "di"];
    assert.deepEqual(players(await read({ gameId })), fastest);
    assert.deepEqual(players(await read({ gameId, boardId: "lap" })), fastest);
    assert.deepEqual(players(await read({ gameId, boardId: "total" })), order);
  });

  it("grows its version with each change and not without", async () => {
    const gameId = await newGame(lane);
    await submit(lane, { gameId });
    const first = await read({ gameId });
    assert.deepEqual(await read({ gameId }), first);
    await submit(lane, { gameId });
    const second = await read({ gameId });
    assert.equal(second.epoch, first.epoch);
    assert.ok(second.version > first.version);
  });

  it("is empty before the first score", async () => {
    const page = await read({ gameId: await newGame(lane) });
    assert.deepEqual(page.entries, []);
    assert.equal(page.totalPlayers, 0n);
    assert.equal(page.nextPageToken, "");
    assert.equal(page.changedAt, undefined);
  });

  it("does not know games, boards and players that are not there", async () => {
    const gameId = await newGame(lane);
    const other = newId("game");
    await assertRefused(read({ gameId: other }), unknown("GAME", `there is no game ${other}`));
    await assertRefused(
      read({ gameId, boardId: "weekly" }),
      unknown("BOARD", `game ${gameId} has no board weekly`),
    );
    await assertRefused(
      read({ gameId, aroundPlayerId: "ada" }),
      unknown("PLAYER", "ada has no score on board main"),
    );
  });

  it("names every bad field", async () => {
    await assertRefused(
      read({ gameId: "", boardId: "a b", limit: 0, pageToken: "x" }),
      invalid({
        game_id: "is required",
        board_id: alphabet,
        limit: "must be 1 to 100",
        page_token: "is not one of this service's",
      }),
    );
    await assertRefused(
      read({ gameId: "a-game", aroundPlayerId: "ö" }),
      invalid({ around_player_id: alphabet }),
    );
  });

  it("takes no page token together with a player", async () => {
    const gameId = await newGame(lane);
    await submitAll(lane, gameId, scores);
    const { nextPageToken } = await read({ gameId, limit: 2 });
    await assertRefused(
      read({ gameId, pageToken: nextPageToken, aroundPlayerId: "ada" }),
      invalid({ page_token: "can't go together with around_player_id" }),
    );
  });
});

function players({ entries }: GetLeaderboardResponse): string[] {
  return entries.map(({ playerId }) => playerId);
}

async function allPages({ client }: Lane, request: Request): Promise<GetLeaderboardResponse[]> {
  const pages: GetLeaderboardResponse[] = [];
  for (let pageToken = ""; ; ) {
    const page = await client.call(ScoreService.method.getLeaderboard, { ...request, pageToken });
    pages.push(page);
    pageToken = page.nextPageToken;
    if (pageToken === "") return pages;
  }
}
