import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { Receipt } from "../ledger/ledger.ts";
import { type Board, defaultGameSettings, type Game } from "../model/game.ts";
import { ScoreError } from "../model/score-error.ts";
import type { ScoreEvent } from "../model/score-event.ts";
import type { Placement } from "../ranking/ranking.ts";
import type { Call, Rooms } from "./rooms.ts";
import { type Submission, updateScore } from "./update-score.ts";

const board = (boardNo: number): Board => ({
  boardNo,
  boardId: `board-${boardNo}`,
  aggregation: "sum",
  direction: "descending",
  title: "",
  state: "ready",
});

const gameOf = (revision: number, winPoints: number): Game => ({
  ...defaultGameSettings("chess"),
  gameNo: 1,
  revision,
  boards: [board(1), board(2)],
  actions: new Map([["win", { name: "win", points: winPoints, maxPerMinute: 0 }]]),
  updatedAt: 0,
});

const submission: Submission = {
  gameId: "chess",
  playerId: "ada",
  actionId: "first",
  points: undefined,
  action: "win",
  displayName: undefined,
  occurredAt: undefined,
};

const call: Call = {
  identity: { subject: "game-server", role: "server", games: "*", expiresAt: Infinity },
  verifyAgain: async () => {},
  address: "192.0.2.1",
  deadline: 123,
  signal: new AbortController().signal,
};

describe("an update", () => {
  /** What the catalog finds, in the order of its reads; the last one stays. */
  let games: Game[];
  let submitted: { event: ScoreEvent; deadline: number | undefined }[];
  let receipt: Receipt;
  let placements: Map<string, Placement>;
  let rooms: Rooms;
  beforeEach(() => {
    games = [gameOf(1, 5)];
    submitted = [];
    receipt = { duplicate: false, seq: 7, committedAt: 9, outcomes: [], batch: { changes: [] } };
    placements = new Map();
    const newest = () => (games.length > 1 ? games.shift() : games[0]);
    rooms = {
      now: () => 0,
      maxSkewMs: 1_000,
      catalog: { find: async () => games[0], refresh: async () => newest() },
      ledger: {
        events: {
          async submit(event: ScoreEvent, deadline: number | undefined) {
            submitted.push({ event, deadline });
            if (event.game !== games[0] || games.length > 1) {
              throw new ScoreError("game_changed", "the settings of game chess changed");
            }
            return receipt;
          },
        },
      },
      projector: { placements: async () => placements },
    } as unknown as Rooms;
  });

  it("goes to the ledger with the points of the game's rules, its sender and the deadline", async () => {
    await updateScore(rooms, call, { ...submission, displayName: "Ada", occurredAt: 55 });
    assert.deepEqual(submitted, [
      {
        deadline: 123,
        event: {
          game: games[0],
          playerId: "ada",
          actionId: "first",
          action: "win",
          points: 5,
          displayName: "Ada",
          occurredAt: 55,
          sender: { subject: "game-server", role: "server", address: "192.0.2.1" },
        },
      },
    ]);
  });

  it("is checked anew when the game's rules changed meanwhile", async () => {
    games = [gameOf(1, 5), gameOf(1, 5), gameOf(2, 8)];
    await updateScore(rooms, call, submission);
    assert.deepEqual(
      submitted.map(({ event }) => [event.game.revision, event.points]),
      [
        [1, 5],
        [1, 5],
        [1, 5],
        [2, 8],
      ],
    );
  });

  it("is refused when its action is gone from the new rules", async () => {
    games = [gameOf(1, 5), { ...gameOf(2, 5), actions: new Map() }];
    await assert.rejects(updateScore(rooms, call, submission), { code: "unknown_action" });
  });

  it("gives up when the rules change under it again and again", async () => {
    games = Array.from({ length: 20 }, (_, index) => gameOf(index, 5));
    await assert.rejects(updateScore(rooms, call, submission), { code: "game_changed" });
    assert.equal(submitted.length, 5);
  });

  it("tells the rank on each board where there is one", async () => {
    const [one, two] = games[0]?.boards ?? [];
    assert.ok(one && two);
    const outcomes = [
      { board: one, score: 5, previousScore: 3 },
      { board: two, score: 5, previousScore: undefined },
    ];
    receipt = { ...receipt, outcomes };
    const both = { rank: 4, previousRank: 6 };
    placements = new Map([
      ["1/ada", both],
      ["2/ada", both],
    ]);
    const { standings } = await updateScore(rooms, call, submission);
    assert.deepEqual(standings, [
      { boardId: "board-1", score: 5, previousScore: 3, rank: 4, previousRank: 6 },
      {
        boardId: "board-2",
        score: 5,
        previousScore: undefined,
        rank: 4,
        previousRank: undefined,
      },
    ]);
    placements = new Map();
    const unranked = await updateScore(rooms, call, submission);
    assert.deepEqual(
      unranked.standings.map(({ rank, previousRank }) => [rank, previousRank]),
      [
        [undefined, undefined],
        [undefined, undefined],
      ],
    );
  });

  it("enters the ledger's queue in the order of the calls", async () => {
    const ids = Array.from({ length: 50 }, (_, index) => `action-${index}`);
    const updates = ids.map((actionId) => updateScore(rooms, call, { ...submission, actionId }));
    await Promise.all(updates);
    assert.deepEqual(
      submitted.map(({ event }) => event.actionId),
      ids,
    );
  });
});
