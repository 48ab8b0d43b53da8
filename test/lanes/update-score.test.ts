import assert from "node:assert/strict";
import { it } from "node:test";
import { toJson } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { Aggregation, Direction } from "../../gen/score/v1/admin_pb.js";
import {
  BoardStandingSchema,
  ScoreService,
  type UpdateScoreResponse,
} from "../../gen/score/v1/score_pb.js";
import { newGame, submit } from "./games.ts";
import { describeLanes, type Lane, newId } from "./lane-suite.ts";
import { assertRefused, denied, unknown } from "./refusal.ts";
import { tokenFor } from "./test-service.ts";

const points = (value: bigint | number) => ({ case: "points", value: BigInt(value) }) as const;
const action = (value: string) => ({ case: "action", value }) as const;

describeLanes("UpdateScore", (lane) => {
  it("counts a new event and says where it put the player", async () => {
    const gameId = await newGame(lane);
    const before = Date.now();
    const first = await submit(lane, { gameId, what: points(5) });
    assert.equal(first.duplicate, false);
    assert.ok(first.committedAt && Math.abs(timestampMs(first.committedAt) - before) < 60_000);
    assert.deepEqual(standings(first), [{ boardId: "main", score: "5", rank: "1" }]);
    const better = await submit(lane, { gameId, playerId: "bo", what: points(9) });
    assert.ok(better.seq > first.seq && first.seq > 0n);
    assert.deepEqual(standings(better), [{ boardId: "main", score: "9", rank: "1" }]);
    assert.deepEqual(standings(await submit(lane, { gameId, what: points(-2) })), [
      { boardId: "main", score: "3", rank: "2", previousScore: "5", previousRank: "2" },
    ]);
  });

  it("a retry with the same action id changes nothing and says so", async () => {
    const gameId = await newGame(lane);
    const event = { gameId, actionId: newId("action"), what: points(5), displayName: "Ada" };
    const first = await submit(lane, event);
    await submit(lane, { gameId, what: points(1) });
    const again = await submit(lane, event);
    assert.equal(again.duplicate, true);
    assert.equal(again.seq, first.seq);
    assert.deepEqual(again.committedAt, first.committedAt);
    assert.deepEqual(standings(again), [{ boardId: "main", score: "6", rank: "1" }]);
  });

  it("refuses an action id that was used with other content", async () => {
    const gameId = await newGame(lane, { actions: [{ action: "win", points: 5n }] });
    const event = { gameId, actionId: newId("action"), what: points(5) };
    await submit(lane, event);
    const refusal = {
      code: Code.AlreadyExists,
      reason: "ACTION_ID_REUSED",
      message: `action_id ${event.actionId} was used before with other content`,
    };
    for (const other of [{ playerId: "bo" }, { what: points(6) }, { what: action("win") }]) {
      await assertRefused(submit(lane, { ...event, ...other }), refusal);
    }
    assert.equal((await submit(lane, event)).duplicate, true);
  });

  it("the same action id in another game is another event", async () => {
    const actionId = newId("action");
    await submit(lane, { gameId: await newGame(lane), actionId });
    const other = await submit(lane, { gameId: await newGame(lane), actionId, what: points(7) });
    assert.equal(other.duplicate, false);
  });

  it("gives a player the points that the game's rules have for an action", async () => {
    const gameId = await newGame(lane, { actions: [{ action: "headshot", points: 25n }] });
    const player = { token: await tokenFor("player", "ada", gameId) };
    const answer = await submit(lane, { gameId, what: action("headshot") }, player);
    assert.deepEqual(standings(answer), [{ boardId: "main", score: "25", rank: "1" }]);
    await assertRefused(
      submit(lane, { gameId, what: action("dance") }, player),
      unknown("ACTION", `game ${gameId} has no action dance`),
    );
  });

  it("feeds every board of the game, each by its own rule, in the game's order", async () => {
    const gameId = await newGame(lane, {
      boards: [
        { boardId: "best", aggregation: Aggregation.BEST },
        { boardId: "total", aggregation: Aggregation.SUM },
        { boardId: "last", aggregation: Aggregation.LATEST },
        { boardId: "lap", aggregation: Aggregation.BEST, direction: Direction.ASCENDING },
      ],
    });
    await submit(lane, { gameId, what: points(8) });
    const answer = await submit(lane, { gameId, what: points(3) });
    const places = { rank: "1", previousScore: "8", previousRank: "1" };
    assert.deepEqual(standings(answer), [
      { boardId: "best", score: "8", ...places },
      { boardId: "total", score: "11", ...places },
      { boardId: "last", score: "3", ...places },
      { boardId: "lap", score: "3", ...places },
    ]);
  });

  it("shows the player's id until a name is given, and the name until another is", async () => {
    const gameId = await newGame(lane);
    await submit(lane, { gameId });
    assert.equal(await shownName(lane, gameId), "ada");
    const longest = `𝒜da ${"🦊".repeat(60)}`;
    assert.equal([...longest].length, 64);
    await submit(lane, { gameId, displayName: longest });
    assert.equal(await shownName(lane, gameId), longest);
    await submit(lane, { gameId });
    assert.equal(await shownName(lane, gameId), longest);
    await submit(lane, { gameId, displayName: "آدا", what: points(0) });
    assert.equal(await shownName(lane, gameId), "آدا");
  });

  it("keeps scores exact up to ±(2^53 − 1) and refuses what leads beyond", async () => {
    const gameId = await newGame(lane);
    const most = BigInt(Number.MAX_SAFE_INTEGER);
    for (const [playerId, sign] of [
      ["up", 1n],
      ["down", -1n],
    ] as const) {
      const limit = await submit(lane, { gameId, playerId, what: points(sign * most) });
      assert.equal(limit.standings[0]?.score, sign * most);
      const refusal = {
        code: Code.OutOfRange,
        reason: "SCORE_OUT_OF_RANGE",
        message: "the total would leave ±(2^53 − 1)",
      };
      await assertRefused(submit(lane, { gameId, playerId, what: points(sign) }), refusal);
      const inward = await submit(lane, { gameId, playerId, what: points(-sign) });
      assert.equal(inward.standings[0]?.score, sign * (most - 1n));
    }
  });

  it("a game server's first score creates its game", async () => {
    const gameId = newId("game");
    const answer = await submit(lane, { gameId, what: points(4) });
    assert.deepEqual(standings(answer), [{ boardId: "main", score: "4", rank: "1" }]);
  });

  it("a player's or admin's score creates no game", async () => {
    const gameId = newId("game");
    const player = { token: await tokenFor("player", "ada") };
    const refusal = unknown("GAME", `there is no game ${gameId}`);
    await assertRefused(submit(lane, { gameId, what: action("win") }, player), refusal);
    await assertRefused(submit(lane, { gameId }, lane.admin), refusal);
    await assertRefused(
      lane.client.call(ScoreService.method.getLeaderboard, { gameId }, lane.server),
      refusal,
    );
  });

  it("lets players change only their own score, by actions only", async () => {
    const gameId = await newGame(lane, { actions: [{ action: "win", points: 5n }] });
    const player = { token: await tokenFor("player", "ada", [gameId]) };
    await submit(lane, { gameId, what: action("win") }, player);
    await assertRefused(
      submit(lane, { gameId, playerId: "bo", what: action("win") }, player),
      denied("a player may change only their own score"),
    );
    await assertRefused(
      submit(lane, { gameId }, player),
      denied("a player may send actions, not points"),
    );
    await assertRefused(
      submit(lane, { gameId: "elsewhere" }, player),
      denied("the token does not cover game elsewhere"),
    );
  });
});

function standings(answer: UpdateScoreResponse) {
  return answer.standings.map((standing) => toJson(BoardStandingSchema, standing));
}

async function shownName({ client }: Lane, gameId: string): Promise<string | undefined> {
  const page = await client.call(ScoreService.method.getLeaderboard, { gameId });
  return page.entries[0]?.displayName;
}
