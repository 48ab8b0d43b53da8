import { it } from "node:test";
import { AdminService, type Aggregation, type Direction } from "../../gen/score/v1/admin_pb.js";
import type { GameFields } from "./games.ts";
import { describeLanes } from "./lane-suite.ts";
import { assertRefused, invalid } from "./refusal.ts";

const { putGame, getGame, listGames, deleteGame } = AdminService.method;

const alphabet = "must have 1 to 128 characters out of letters, digits and -_.:@";
const title = "must have 1 to 64 characters without control characters";
const main = { boardId: "main" };
const boards = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ boardId: `board-${index}` }));
const actions = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ action: `action-${index}` }));

/** Bad settings, and what is wrong with them. */
const badSettings: readonly (readonly [
  value: string,
  settings: GameFields & { gameId?: string },
  problems: Readonly<Record<string, string>>,
])[] = [
  ["no game_id", { gameId: "" }, { "game.game_id": "is required" }],
  ["a game_id with a space", { gameId: "a b" }, { "game.game_id": alphabet }],
  ["no boards", { boards: [] }, { "game.boards": "must be 1 to 20" }],
  ["21 boards", { boards: boards(21) }, { "game.boards": "must be 1 to 20" }],
  [
    "a board without an id",
    { boards: [main, { boardId: "" }] },
    { "game.boards[1].board_id": "is required" },
  ],
  [
    "two boards with one id",
    { boards: [main, { boardId: "other" }, main] },
    { "game.boards[2].board_id": "must be unique within the game" },
  ],
  [
    "a title of 65 characters",
    { boards: [{ ...main, title: "t".repeat(65) }] },
    { "game.boards[0].title": title },
  ],
  [
    "a title with a line feed",
    { boards: [{ ...main, title: "a\nb" }] },
    { "game.boards[0].title": title },
  ],
  [
    "an aggregation that nobody knows",
    { boards: [{ ...main, aggregation: 99 as Aggregation }] },
    { "game.boards[0].aggregation": "is not one of the contract's" },
  ],
  [
    "a direction that nobody knows",
    { boards: [{ ...main, direction: 99 as Direction }] },
    { "game.boards[0].direction": "is not one of the contract's" },
  ],
  ["1,001 actions", { actions: actions(1_001) }, { "game.actions": "must be 0 to 1000" }],
  [
    "an action without a name",
    { actions: [{ action: "" }] },
    { "game.actions[0].action": "is required" },
  ],
  [
    "two actions with one name",
    { actions: [{ action: "win" }, { action: "win" }] },
    { "game.actions[1].action": "must be unique within the game" },
  ],
  [
    "an action of 2^53 points",
    { actions: [{ action: "win", points: 2n ** 53n }] },
    { "game.actions[0].points": "must be within ±(2^53 − 1)" },
  ],
  [
    "a negative limit of an action",
    { actions: [{ action: "win", maxPerMinute: -1 }] },
    { "game.actions[0].max_per_minute": "must be 0 to 1000000" },
  ],
];

describeLanes("AdminService", (lane) => {
  for (const [value, settings, problems] of badSettings) {
    it(`names the field: ${value}`, async () => {
      const game = { gameId: "a-game", boards: [main], ...settings };
      await assertRefused(lane.client.call(putGame, { game }, lane.admin), invalid(problems));
    });
  }

  it("names all bad fields at once, and those of a game that is missing", async () => {
    await assertRefused(
      lane.client.call(putGame, {}, lane.admin),
      invalid({ "game.game_id": "is required", "game.boards": "must be 1 to 20" }),
    );
  });

  it("keeps as many boards and actions as a game may have", async () => {
    const game = { gameId: "full", boards: boards(20), actions: actions(1_000) };
    await lane.client.call(putGame, { game }, lane.admin);
    await lane.client.call(deleteGame, { gameId: "full" }, lane.admin);
  });

  it("names bad fields of the other methods", async () => {
    for (const method of [getGame, deleteGame] as const) {
      await assertRefused(
        lane.client.call(method as typeof getGame, { gameId: "" }, lane.admin),
        invalid({ game_id: "is required" }),
      );
    }
    for (const limit of [0, -1, 1_001]) {
      await assertRefused(
        lane.client.call(listGames, { limit, pageToken: "?" }, lane.admin),
        invalid({ limit: "must be 1 to 1000", page_token: alphabet }),
      );
    }
  });
});
