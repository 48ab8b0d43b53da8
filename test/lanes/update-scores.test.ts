import assert from "node:assert/strict";
import { it } from "node:test";
import { Code } from "@connectrpc/connect";
import { ScoreService, type UpdateScoresResult } from "../../gen/score/v1/score_pb.js";
import { type EventFields, newEvent, newGame, submit } from "./games.ts";
import { CallError } from "./lane-client.ts";
import { describeLanes, type Lane, newId } from "./lane-suite.ts";
import { assertIs, assertRefused, denied, invalid, unauthenticated, unknown } from "./refusal.ts";
import { tokenFor } from "./test-service.ts";

const points = (value: bigint | number) => ({ case: "points", value: BigInt(value) }) as const;
const action = (value: string) => ({ case: "action", value }) as const;

describeLanes("UpdateScores", (lane) => {
  it("answers each event as UpdateScore would, in the order of the request", async () => {
    const gameId = await newGame(lane);
    await submit(lane, { gameId, actionId: "known", what: points(5) });
    const most = BigInt(Number.MAX_SAFE_INTEGER);
    const results = await send(lane, gameId, [
      { actionId: "first", playerId: "bo", what: points(7) },
      { actionId: "known", what: points(5) },
      { actionId: "known", what: points(6) },
      { actionId: "", playerId: "a b", what: { case: undefined } },
      { actionId: "no-such", what: action("dance") },
      { actionId: "far", playerId: "bo", what: points(most) },
      { actionId: "named", gameId, playerId: "bo", what: points(1) },
      { actionId: "first", playerId: "bo", what: points(7) },
    ]);
    assert.deepEqual(
      results.map(({ actionId }) => actionId),
      ["first", "known", "known", "", "no-such", "far", "named", "first"],
    );
    assert.deepEqual(accepted(results[0]), { duplicate: false, score: 7n });
    assert.deepEqual(accepted(results[1]), { duplicate: true, score: 5n });
    assertResult(results[2], {
      code: Code.AlreadyExists,
      reason: "ACTION_ID_REUSED",
      message: "action_id known was used before with other content",
    });
    assertResult(
      results[3],
      invalid({
        player_id: "must have 1 to 128 characters out of letters, digits and -_.:@",
        action_id: "is required",
        points: "or action is required",
      }),
    );
    assertResult(results[4], unknown("ACTION", `game ${gameId} has no action dance`));
    assertResult(results[5], {
      code: Code.OutOfRange,
      reason: "SCORE_OUT_OF_RANGE",
      message: "the total would leave ±(2^53 − 1)",
    });
    assert.deepEqual(accepted(results[6]), { duplicate: false, score: 8n });
    assert.deepEqual(accepted(results[7]), { duplicate: true, score: 8n });
  });

  it("takes 1,000 events, and shows each the score that it made", async () => {
    const gameId = await newGame(lane);
    const events = Array.from({ length: 1_000 }, () => ({ what: points(1) }));
    const results = await send(lane, gameId, events);
    assert.deepEqual(
      results.map((result) => accepted(result).score),
      events.map((_, index) => BigInt(index + 1)),
    );
  });

  for (const length of [0, 1_001]) {
    it(`refuses ${length} events as a whole`, async () => {
      const gameId = await newGame(lane);
      const events = Array.from({ length }, () => ({}));
      await assertRefused(
        send(lane, gameId, events),
        invalid({ events: "must be 1 to 1000 events" }),
      );
      const { getLeaderboard } = ScoreService.method;
      assert.equal((await lane.client.call(getLeaderboard, { gameId })).totalPlayers, 0n);
    });
  }

  it("refuses a call with events of another game as a whole, and names them", async () => {
    const gameId = await newGame(lane);
    const problem = "must be empty or the game_id of the call";
    await assertRefused(
      send(lane, gameId, [{}, { gameId: "elsewhere" }, { gameId }, { gameId: "nowhere" }]),
      invalid({ "events[1].game_id": problem, "events[3].game_id": problem }),
    );
  });

  it("refuses a call without a token, or with one for another game, as a whole", async () => {
    const gameId = await newGame(lane);
    await assertRefused(send(lane, gameId, [{}], {}), unauthenticated());
    const elsewhere = { token: await tokenFor("server", "game-server", "elsewhere") };
    await assertRefused(
      send(lane, gameId, [{}], elsewhere),
      denied(`the token does not cover game ${gameId}`),
    );
  });

  it("refuses a call for an unknown game as a whole, unless a game server makes it", async () => {
    const gameId = newId("game");
    const player = { token: await tokenFor("player", "ada") };
    const events = [{ what: action("win") }];
    await assertRefused(
      send(lane, gameId, events, player),
      unknown("GAME", `there is no game ${gameId}`),
    );
    assert.equal(accepted((await send(lane, gameId, [{}]))[0]).score, 1n);
  });

  it("lets a player send their own actions, and answers the other events alone", async () => {
    const gameId = await newGame(lane, { actions: [{ action: "win", points: 5n }] });
    const player = { token: await tokenFor("player", "ada", gameId) };
    const results = await send(
      lane,
      gameId,
      [
        { what: action("win") },
        { what: action("win"), playerId: "bo" },
        { what: points(5) },
        { what: action("win") },
      ],
      player,
    );
    assert.equal(accepted(results[0]).score, 5n);
    assertResult(results[1], denied("a player may change only their own score"));
    assertResult(results[2], denied("a player may send actions, not points"));
    assert.equal(accepted(results[3]).score, 10n);
  });
});

async function send(
  { client, server }: Lane,
  gameId: string,
  events: readonly EventFields[],
  options = server,
): Promise<readonly UpdateScoresResult[]> {
  const request = { gameId, events: events.map(newEvent) };
  return (await client.call(ScoreService.method.updateScores, request, options)).results;
}

function accepted(result: UpdateScoresResult | undefined) {
  assert.equal(result?.outcome.case, "accepted");
  const { duplicate, standings } = result.outcome.value;
  return { duplicate, score: standings[0]?.score };
}

function assertResult(
  result: UpdateScoresResult | undefined,
  refusal: Parameters<typeof assertIs>[1],
): void {
  assert.equal(result?.outcome.case, "error");
  const { code, message, details } = result.outcome.value;
  assertIs(new CallError(code, message, details), refusal);
}
