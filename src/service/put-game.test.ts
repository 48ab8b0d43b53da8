import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Identity } from "../access/identity.ts";
import { isScoreError } from "../model/score-error.ts";
import { type GameRequest, putGame } from "./put-game.ts";
import type { Call, Rooms } from "./rooms.ts";

const admin: Identity = { subject: "ops", role: "admin", games: "*", expiresAt: Infinity };
const player: Identity = { subject: "ada", role: "player", games: "*", expiresAt: Infinity };

const call = (identity: Identity | undefined): Call => ({
  identity,
  verifyAgain: async () => {},
  address: "::1",
  deadline: undefined,
  signal: new AbortController().signal,
});

/** Nothing of them is reached by a request that is refused. */
const rooms = {} as Rooms;

const gameOf = (boards: number, actions = 0): GameRequest => ({
  gameId: "chess",
  boards: Array.from({ length: boards }, (_, at) => ({
    boardId: `board-${at}`,
    aggregation: "sum",
    direction: "descending",
    title: "",
  })),
  actions: Array.from({ length: actions }, (_, at) => ({
    name: `action-${at}`,
    points: 1n,
    maxPerMinute: 0,
  })),
});

/** The code, and how long it took in ms. */
async function refusal(identity: Identity | undefined, request: GameRequest) {
  const began = performance.now();
  const error = await putGame(rooms, call(identity), request).catch((error: unknown) => error);
  assert.ok(isScoreError(error), `${error}`);
  return { error, ms: performance.now() - began };
}

describe("a game that is put", () => {
  it("is not looked at when the caller may not put it", async () => {
    const wrong = { ...gameOf(1), gameId: "chess", boards: [] };
    assert.equal((await refusal(undefined, wrong)).error.code, "unauthenticated");
    assert.equal((await refusal(player, wrong)).error.code, "permission_denied");
  });

  it("is refused at once however many boards and actions it has", async () => {
    const { error, ms } = await refusal(admin, gameOf(100_000, 100_000));
    assert.deepEqual(
      error.violations.map(({ field, description }) => `${field} ${description}`),
      ["game.boards must be 1 to 20", "game.actions must be 0 to 1000"],
    );
    // A look at each pair would take a minute.
    assert.ok(ms < 1_000, `${ms} ms`);
  });

  it("is told which of its boards and actions come twice", async () => {
    const { boards, actions } = gameOf(2, 2);
    const { error } = await refusal(admin, {
      gameId: "chess",
      boards: [...boards, ...boards.slice(1)],
      actions: [...actions, ...actions.slice(1)],
    });
    assert.deepEqual(
      error.violations.map(({ field }) => field),
      ["game.boards[2].board_id", "game.actions[2].action"],
    );
  });
});
