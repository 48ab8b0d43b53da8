import assert from "node:assert/strict";
import { it } from "node:test";
import { Aggregation, BoardState, Direction } from "../../gen/score/v1/admin_pb.js";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { newGame } from "./games.ts";
import { describeLanes, newId } from "./lane-suite.ts";
import { assertRefused, invalid, unknown } from "./refusal.ts";

describeLanes("ListBoards", (lane) => {
  const list = (gameId: string) => lane.client.call(ScoreService.method.listBoards, { gameId });

  it("names a game's boards with their rules, the default one first", async () => {
    const gameId = await newGame(lane, {
      boards: [
        { boardId: "points", title: "All points" },
        {
          boardId: "lap",
          aggregation: Aggregation.BEST,
          direction: Direction.ASCENDING,
        },
      ],
    });
    const { boards } = await list(gameId);
    assert.deepEqual(
      boards.map(({ $typeName: _, ...board }) => board),
      [
        {
          boardId: "points",
          aggregation: Aggregation.SUM,
          direction: Direction.DESCENDING,
          title: "All points",
          state: BoardState.READY,
        },
        {
          boardId: "lap",
          aggregation: Aggregation.BEST,
          direction: Direction.ASCENDING,
          title: "",
          state: BoardState.READY,
        },
      ],
    );
  });

  it("does not know games that are not there, and refuses what is no id", async () => {
    const gameId = newId("game");
    await assertRefused(list(gameId), unknown("GAME", `there is no game ${gameId}`));
    await assertRefused(
      list("a+b"),
      invalid({ game_id: "must have 1 to 128 characters out of letters, digits and -_.:@" }),
    );
  });
});
