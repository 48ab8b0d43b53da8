import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { newGame, submit } from "../lanes/games.ts";
import { newId } from "../lanes/lane-suite.ts";
import { serverSentEvents } from "../lanes/rest-client.ts";
import { tokenFor } from "../lanes/test-service.ts";
import { type EnvoyScene, openEnvoyScene } from "./envoy-scene.ts";

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON came
  readonly body: any;
}

describe("REST through Envoy", () => {
  let scene: EnvoyScene;
  before(async () => {
    scene = await openEnvoyScene();
  });
  after(() => scene?.close());

  const get = async (path: string): Promise<Answer> => answer(await fetch(url(path)));
  const post = async (path: string, body: unknown, token = scene.caller.server.token) =>
    answer(
      await fetch(url(path), {
        method: "POST",
        headers: { ...(token && { authorization: `Bearer ${token}` }) },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    );
  const url = (path: string) => `${scene.envoy.url}${path}`;
  const event = (fields = {}) => ({
    player_id: "ada",
    points: 5,
    action_id: newId("action"),
    ...fields,
  });

  it("takes scores on both paths, and numbers and names in either form", async () => {
    const gameId = await newGame(scene.caller);
    const first = await post(`/v1/games/${gameId}/scores`, event());
    assert.deepEqual([first.status, first.body.standings[0].score], [200, "5"]);
    const { playerId, points, actionId } = { playerId: "ada", points: "7", actionId: newId("a") };
    const second = await post("/api/scores/update", { gameId, playerId, points, actionId });
    assert.deepEqual([second.status, second.body.standings[0].score], [200, "12"]);
    const batch = await post(`/v1/games/${gameId}/scores:batch`, {
      events: [event({ player_id: "bo" }), event({ player_id: "" })],
    });
    assert.equal(batch.status, 200);
    assert.equal(batch.body.results[0].accepted.standings[0].rank, "2");
    assert.equal(batch.body.results[1].error.code, 3);
  });

  it("shows boards, pages, neighbours and standings", async () => {
    const gameId = await newGame(scene.caller);
    for (const playerId of ["ada", "bo", "cy"]) await submit(scene.caller, { gameId, playerId });
    const players = ({ body }: Answer) =>
      body.entries.map((entry: { playerId: string }) => entry.playerId);
    const path = `/v1/games/${gameId}/leaderboard`;
    const page = await get(`${path}?limit=2`);
    assert.deepEqual([page.status, players(page)], [200, ["ada", "bo"]]);
    const rest = await get(`${path}?limit=2&page_token=${page.body.nextPageToken}`);
    assert.deepEqual(players(rest), ["cy"]);
    assert.deepEqual(players(await get(`${path}?around_player_id=cy&limit=1`)), ["cy"]);
    const other = await get(`/api/scores/leaderboard?game_id=${gameId}&board_id=main`);
    assert.deepEqual(players(other), ["ada", "bo", "cy"]);
    const standing = await get(`/v1/games/${gameId}/players/bo/standing`);
    assert.deepEqual([standing.body.entry.rank, standing.body.totalPlayers], ["2", "3"]);
    const boards = await get(`/v1/games/${gameId}/boards`);
    assert.deepEqual(boards.body.boards[0].boardId, "main");
    assert.equal(page.headers.get("cache-control"), "no-store");
  });

  it("answers errors with the status that says it, and a body that keeps code, message and details", async () => {
    const gameId = await newGame(scene.caller);
    const scores = `/v1/games/${gameId}/scores`;
    const used = event();
    await post(scores, used);
    const player = await tokenFor("player", "bo", gameId);
    for (const [what, response, status, code, reason] of [
      ["a bad field", await post(scores, event({ player_id: "a b" })), 400, 3, "INVALID_REQUEST"],
      ["no token", await post(scores, event(), ""), 401, 16, "UNAUTHENTICATED"],
      ["another's score", await post(scores, event(), player), 403, 7, "PERMISSION_DENIED"],
      ["no such game", await get(`/v1/games/${newId("g")}/leaderboard`), 404, 5, "UNKNOWN_GAME"],
      ["a used id", await post(scores, { ...used, points: 6 }), 409, 6, "ACTION_ID_REUSED"],
      [
        "a score out of range",
        await post(scores, event({ points: String(Number.MAX_SAFE_INTEGER) })),
        400,
        11,
        "SCORE_OUT_OF_RANGE",
      ],
    ] as const) {
      assert.deepEqual([response.status, response.body.code], [status, code], what);
      assert.ok(response.body.message.length > 0, what);
      assert.equal(response.body.details[0].reason, reason, what);
      assert.equal(response.headers.get("retry-after"), null, what);
    }
  });

  it("names every bad field in the details", async () => {
    const { body } = await post("/v1/games/chess/scores", { points: 1 });
    const violations = body.details.find((d: object) => "fieldViolations" in d).fieldViolations;
    const fields = violations.map(({ field }: { field: string }) => field);
    assert.deepEqual(fields.sort(), ["action_id", "player_id"]);
  });

  it("says with 429 when to come back", async () => {
    const gameId = await newGame(scene.caller, { actions: [{ action: "win", points: 1n }] });
    const token = await tokenFor("player", "ada", gameId);
    const what = { points: undefined, action: "win" };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => post(`/v1/games/${gameId}/scores`, event(what), token)),
    );
    const refused = answers.filter(({ status }) => status === 429);
    assert.ok(refused.length > 0);
    for (const { body, headers } of refused) {
      assert.deepEqual([body.code, body.details[0].reason], [8, "RATE_LIMITED"]);
      assert.equal(headers.get("retry-after"), "1");
    }
  });

  it("answers what is no message, no path and no parameter in the same form", async () => {
    for (const [what, response, status, code] of [
      ["broken JSON", await post("/v1/games/chess/scores", '{"player_id":'), 400, 3],
      ["a wrong type", await post("/v1/games/chess/scores", { points: "many" }), 400, 3],
      ["an unknown parameter", await get("/v1/games/chess/leaderboard?size=3"), 400, 3],
      ["a bad parameter", await get("/v1/games/chess/leaderboard?limit=some"), 400, 3],
      ["an unknown path", await get("/v1/games/chess/nothing"), 404, 5],
      ["another method", await get("/v1/games/chess/scores"), 404, 5],
      ["too much", await post("/v1/games/chess/scores:batch", tooMuch()), 429, 8],
    ] as const) {
      assert.deepEqual([response.status, response.body.code], [status, code], what);
      assert.ok(response.body.message.length > 0, what);
      assert.deepEqual(response.body.details, [], what);
    }
  });

  it("refuses a call that names another game or player than its path does", async () => {
    const [gameId, other] = [await newGame(scene.caller), await newGame(scene.caller)];
    await submit(scene.caller, { gameId });
    await submit(scene.caller, { gameId: other, playerId: "bo" });
    const path = `/v1/games/${gameId}`;
    for (const [what, answer] of [
      ["in the body", await post(`${path}/scores`, event({ game_id: other }))],
      [
        "in a batch",
        await post(`${path}/scores:batch`, { game_id: other, events: [event({ game_id: other })] }),
      ],
      ["in the query", await get(`${path}/leaderboard?game_id=${other}`)],
      ["in the query, as JSON has it", await get(`${path}/leaderboard?gameId=${other}`)],
      ["a watch", await get(`${path}/leaderboard:watch?game_id=${other}`)],
      ["a player", await get(`${path}/players/ada/standing?player_id=bo`)],
      ["a player, as JSON has it", await get(`${path}/players/ada/standing?playerId=bo`)],
    ] as const) {
      assert.deepEqual([answer.status, answer.body.code], [400, 3], what);
    }
    // As JSON has it, the path wins.
    await post(`${path}/scores`, event({ gameId: other, player_id: "cy" }));
    const { body } = await get(`/v1/games/${other}/leaderboard`);
    assert.deepEqual([body.totalPlayers, body.entries[0].playerId], ["1", "bo"]);
  });

  it("answers bytes that are no text as the caller's mistake", async () => {
    for (const path of ["/v1/games/%FF/boards", "/v1/games/a/leaderboard?around_player_id=%FF"]) {
      const { status, body } = await get(path);
      assert.deepEqual([status, body.code], [400, 3], path);
    }
  });

  it("takes a batch as large as the service does", async () => {
    const gameId = await newGame(scene.caller);
    const events = Array.from({ length: 1_000 }, (_, n) =>
      event({ player_id: `player-${n}-${"x".repeat(110)}`, display_name: "🏆".repeat(60) }),
    );
    const { status, body } = await post(`/v1/games/${gameId}/scores:batch`, { events });
    assert.equal(status, 200, JSON.stringify(body).slice(0, 500));
    assert.ok(body.results.every((result: object) => "accepted" in result));
  });

  it("streams a watch as server-sent events", async () => {
    const gameId = await newGame(scene.caller);
    const left = new AbortController();
    const response = await fetch(url(`/v1/games/${gameId}/leaderboard:watch?limit=3`), {
      headers: { accept: "text/event-stream" },
      signal: left.signal,
    });
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    assert.equal(response.headers.get("cache-control"), "no-store");
    const events = serverSentEvents(response);
    const next = async () => JSON.parse((await events.next()).value ?? "null");
    assert.deepEqual((await next()).entries, []);
    await submit(scene.caller, { gameId });
    const { entries, totalPlayers } = await next();
    assert.deepEqual([entries[0].playerId, entries[0].score, totalPlayers], ["ada", "1", "1"]);
    left.abort();
  });

  it("refuses a watch with a status, so that EventSource gives up", async () => {
    const { status, body } = await get(`/v1/games/${newId("game")}/leaderboard:watch`);
    assert.deepEqual([status, body.code], [404, 5]);
  });

  it("says with 503 that the service is away, and when to come back", async () => {
    const other = await openEnvoyScene();
    try {
      await other.service.close();
      const response = await fetch(`${other.envoy.url}/v1/games/chess/leaderboard`);
      const { status, body, headers } = await answer(response);
      assert.deepEqual([status, body.code, headers.get("retry-after")], [503, 14, "1"]);
      assert.ok(body.message.length > 0);
    } finally {
      await other.close();
    }
  });
});

async function answer(response: Response): Promise<Answer> {
  const { status, headers } = response;
  assert.equal(headers.get("content-type"), "application/json");
  return { status, headers, body: await response.json() };
}

function tooMuch() {
  return { events: Array.from({ length: 5_000 }, () => ({ player_id: "x".repeat(1_000) })) };
}
