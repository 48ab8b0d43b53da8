import { it } from "node:test";
import { type EventFields, newGame, submit } from "./games.ts";
import { describeLanes } from "./lane-suite.ts";
import { assertRefused, invalid } from "./refusal.ts";
import { tokenFor } from "./test-service.ts";

const alphabet = "must have 1 to 128 characters out of letters, digits and -_.:@";
const name = "must have 1 to 64 characters without control characters";
const range = "must be within ±(2^53 − 1)";
const points = (value: bigint) => ({ case: "points", value }) as const;
const action = (value: string) => ({ case: "action", value }) as const;

/** Each bad value of each field, and what is wrong with it. */
const badFields: readonly (readonly [value: string, fields: EventFields, problem: string])[] = [
  ["no game_id", { gameId: "" }, "game_id is required"],
  ["a game_id with a slash", { gameId: "a/b" }, `game_id ${alphabet}`],
  ["a game_id of 129 characters", { gameId: "g".repeat(129) }, `game_id ${alphabet}`],
  ["no player_id", { playerId: "" }, "player_id is required"],
  ["a player_id with a space", { playerId: "ada l" }, `player_id ${alphabet}`],
  ["a player_id that ends in a line feed", { playerId: "ada\n" }, `player_id ${alphabet}`],
  ["a player_id with an accent", { playerId: "adá" }, `player_id ${alphabet}`],
  ["no action_id", { actionId: "" }, "action_id is required"],
  ["an action_id of 129 characters", { actionId: "a".repeat(129) }, `action_id ${alphabet}`],
  ["neither points nor action", { what: { case: undefined } }, "points or action is required"],
  ["2^53 points", { what: points(2n ** 53n) }, `points ${range}`],
  ["−2^53 points", { what: points(-(2n ** 53n)) }, `points ${range}`],
  ["the greatest int64 as points", { what: points(2n ** 63n - 1n) }, `points ${range}`],
  ["an empty action", { what: action("") }, "action is required"],
  ["an action with a quote", { what: action("a'b") }, `action ${alphabet}`],
  ["an empty display_name", { displayName: "" }, `display_name ${name}`],
  ["a display_name of 65 characters", { displayName: "🦊".repeat(65) }, `display_name ${name}`],
  ["a display_name with NUL", { displayName: "a\u0000b" }, `display_name ${name}`],
  ["a display_name with a line feed", { displayName: "a\nb" }, `display_name ${name}`],
  ["a display_name with DEL", { displayName: "a\u007fb" }, `display_name ${name}`],
  ["a display_name with a line separator", { displayName: "a\u2028b" }, `display_name ${name}`],
];

/** Times that a Timestamp can hold in binary and JSON can't. */
const badTimes = [
  ["after the year 9999", { seconds: 253_402_300_800n, nanos: 0 }],
  ["before the year 1", { seconds: -62_135_596_801n, nanos: 0 }],
  ["with 10^9 nanoseconds", { seconds: 0n, nanos: 1_000_000_000 }],
  ["with negative nanoseconds", { seconds: 0n, nanos: -1 }],
] as const;

describeLanes("an invalid UpdateScore", (lane) => {
  for (const [value, fields, problem] of badFields) {
    it(`names the field: ${value}`, async () => {
      const [field = "", ...description] = problem.split(" ");
      const event = { gameId: "a-game", actionId: "an-action", ...fields };
      await assertRefused(submit(lane, event), invalid({ [field]: description.join(" ") }));
    });
  }

  it("learns of all its bad fields at once", async () => {
    const event: EventFields = {
      gameId: "",
      playerId: "a b",
      actionId: "",
      what: { case: undefined },
      displayName: "\t",
    };
    await assertRefused(
      submit(lane, event),
      invalid({
        game_id: "is required",
        player_id: alphabet,
        action_id: "is required",
        points: "or action is required",
        display_name: name,
      }),
    );
  });

  for (const [time, occurredAt] of badTimes) {
    it(`names occurred_at when it is ${time}, where that can be written`, async (test) => {
      if (lane.kind.isText) return test.diagnostic("JSON can't write it");
      await assertRefused(
        submit(lane, { gameId: "a-game", occurredAt }),
        invalid({ occurred_at: "must be a time in the years 1 to 9999" }),
      );
    });
  }

  it("a player's occurred_at must be near the service's time, a game server's need not", async () => {
    const gameId = await newGame(lane, { actions: [{ action: "win", points: 1n }] });
    const player = { token: await tokenFor("player", "ada", gameId) };
    const at = (seconds: number) => ({
      occurredAt: { seconds: BigInt(Math.floor(Date.now() / 1_000) + seconds), nanos: 0 },
    });
    const win = { gameId, what: action("win") };
    await submit(lane, { ...win, ...at(-200) }, player);
    await submit(lane, { ...win, ...at(200) }, player);
    const refusal = invalid({ occurred_at: "must be within 300 s of now" });
    for (const seconds of [-500, 500]) {
      await assertRefused(submit(lane, { ...win, ...at(seconds) }, player), refusal);
    }
    for (const seconds of [-62_135_596_800n, 253_402_300_799n]) {
      await submit(lane, { gameId, occurredAt: { seconds, nanos: 0 } });
    }
  });

  it("changes nothing", async () => {
    const gameId = await newGame(lane);
    const actionId = "once";
    await submit(lane, { gameId, actionId, displayName: "\u0000" }).catch(() => {});
    const { duplicate, standings } = await submit(lane, { gameId, actionId });
    assertFirst(duplicate, standings[0]?.previousScore);
  });
});

function assertFirst(duplicate: boolean, previousScore: bigint | undefined): void {
  if (duplicate || previousScore !== undefined) throw new Error("the refused event was counted");
}
