import assert from "node:assert/strict";
import { it } from "node:test";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { newGame, submit, submitAll } from "./games.ts";
import { describeLanes, newId } from "./lane-suite.ts";
import { assertRefused, invalid, unknown } from "./refusal.ts";

describeLanes("GetStanding", (lane) => {
  const read = (request: { gameId: string; boardId?: string; playerId: string }) =>
    lane.client.call(ScoreService.method.getStanding, request);

  it("tells a player's place and the share of players who rank at or below it", async () => {
    const gameId = await newGame(lane);
    await submitAll(lane, gameId, [
      ["ada", 40],
      ["bo", 20],
      ["cy", 20],
      ["di", 10],
    ]);
    for (const [index, playerId] of ["ada", "bo", "cy", "di"].entries()) {
      const { entry, percentile, totalPlayers } = await read({ gameId, playerId });
      assert.equal(entry?.playerId, playerId);
      assert.equal(entry.rank, BigInt(index + 1));
      assert.equal(percentile, 100 - 25 * index);
      assert.equal(totalPlayers, 4n);
    }
  });

  it("shows the line that the board shows", async () => {
    const gameId = await newGame(lane);
    await submit(lane, { gameId, displayName: "Ada L." });
    const page = await lane.client.call(ScoreService.method.getLeaderboard, { gameId });
    const { entry } = await read({ gameId, playerId: "ada" });
    assert.deepEqual(entry, page.entries[0]);
    assert.equal(entry?.displayName, "Ada L.");
  });

  it("reads the board that is named", async () => {
    const gameId = await newGame(lane, { boards: [{ boardId: "one" }, { boardId: "two" }] });
    await submit(lane, { gameId });
    assert.equal((await read({ gameId, boardId: "two", playerId: "ada" })).entry?.rank, 1n);
    await assertRefused(
      read({ gameId, boardId: "three", playerId: "ada" }),
      unknown("BOARD", `game ${gameId} has no board three`),
    );
  });

  it("does not know games that are not there, nor players without a score", async () => {
    const gameId = await newGame(lane);
    await assertRefused(
      read({ gameId, playerId: "ada" }),
      unknown("PLAYER", "ada has no score on board main"),
    );
    const other = newId("game");
    await assertRefused(
      read({ gameId: other, playerId: "ada" }),
      unknown("GAME", `there is no game ${other}`),
    );
  });

  it("names every bad field", async () => {
    const alphabet = "must have 1 to 128 characters out of letters, digits and -_.:@";
    await assertRefused(
      read({ gameId: "a+b", boardId: "a b", playerId: "?" }),
      invalid({ game_id: alphabet, board_id: alphabet, player_id: alphabet }),
    );
    if (lane.kind.isRest) return;
    await assertRefused(
      read({ gameId: "", playerId: "" }),
      invalid({ game_id: "is required", player_id: "is required" }),
    );
  });
});
