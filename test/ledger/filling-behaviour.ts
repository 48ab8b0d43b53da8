import assert from "node:assert/strict";
import { it } from "node:test";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { BoardModel, type ModelEvent } from "./board-model.ts";
import type { TestDatabase } from "./open-ledgers.ts";
import {
  boardOf,
  boardSettings,
  eventOf,
  everyBoard,
  gameNow,
  newGame,
  newSettings,
  submitLive,
} from "./sample-games.ts";

const nobody = async () => {};

/** Boards that are added to a game later. */
export function fillingBehaviour(database: () => TestDatabase): void {
  it("a board added to a game without history is ready at once", async () => {
    const ledger = await database().openLedger();
    const settings = newSettings();
    await ledger.games.put(settings);
    const boards = [...settings.boards, boardSettings("best_descending")];
    const game = await ledger.games.put({ ...settings, boards });
    assert.deepEqual(
      game.boards.map(({ state }) => state),
      ["ready", "ready"],
    );
    assert.equal((await ledger.events.submit(eventOf(game))).outcomes.length, 2);
  });

  it("a board added to a game with history is left out of receipts until it is filled", async () => {
    const ledger = await database().openLedger();
    const settings = newSettings();
    const old = await ledger.games.put(settings);
    await ledger.events.submit(eventOf(old, { points: 8 }));
    const boards = [boardSettings("best_descending"), ...settings.boards];
    const filling = await ledger.games.put({ ...settings, boards });
    assert.deepEqual(
      filling.boards.map(({ state }) => state),
      ["filling", "ready"],
    );
    assert.ok((await ledger.pending()).boardsFilling >= 1);
    const between = await ledger.events.submit(eventOf(filling, { points: 3 }));
    assert.deepEqual(
      between.outcomes.map(({ board, score }) => [board.boardId, score]),
      [["sum_descending", 11]],
    );
    await ledger.upkeep(nobody);
    assert.equal((await ledger.pending()).boardsFilling, 0);
    await assert.rejects(ledger.events.submit(eventOf(filling)), { code: "game_changed" });
    const ready = await gameNow(ledger, old.gameId);
    assert.deepEqual(
      ready.boards.map(({ state }) => state),
      ["ready", "ready"],
    );
    const after = await ledger.events.submit(eventOf(ready, { points: 1 }));
    assert.deepEqual(
      after.outcomes.map(({ board, score, previousScore }) => [
        board.boardId,
        score,
        previousScore,
      ]),
      [
        ["best_descending", 8, 8],
        ["sum_descending", 12, 11],
      ],
    );
  });

  it("boards that two instances fill while events flow end as if they had always been there", async () => {
    const ledgers = [await database().openLedger(), await database().openLedger()] as const;
    const { gameId, boards } = await newGame(ledgers[0], everyBoard);
    const history = await gameNow(ledgers[0], gameId);
    // More than two steps of 5,000 events.
    const events = Array.from({ length: 10_100 }, (_, n) => eventOf(history, randomScore(n)));
    await Promise.all(events.map((event) => ledgers[0].events.submit(event)));
    const late = everyBoard.map((name) => boardSettings(name, `late_${name}`));
    await ledgers[0].games.put({ gameId, boards: [...boards, ...late], actions: [] });

    let isFilling = true;
    const flow = async (ledger: Ledger, from: number) => {
      let sent = 0;
      // Goes on for a while after the boards are ready.
      for (let more = 20; more > 0; sent += 1) {
        await submitLive(ledger, gameId, randomScore(from + sent));
        if (!isFilling) more -= 1;
      }
      return sent;
    };
    const flows = ledgers.flatMap((ledger) => [1, 2, 3, 4].map((n) => flow(ledger, n * 1_000)));
    await Promise.all(ledgers.map((ledger) => ledger.upkeep(nobody)));
    isFilling = false;
    const sent = (await Promise.all(flows)).reduce((sum, each) => sum + each, 0);

    const game = await gameNow(ledgers[0], gameId);
    const inLedger = await database().query<ModelEvent>(
      `select seq, player_id as "playerId", points from score_event where game_no = $1 order by seq`,
      [game.gameNo],
    );
    assert.equal(inLedger.length, events.length + sent);
    for (const board of game.boards) {
      assert.equal(board.state, "ready");
      const { standings } = await ledgers[0].standings.top(board, 0, 1_000);
      assert.deepEqual(
        standings.map(({ playerId, score, seq }) => ({ playerId, score, seq })),
        new BoardModel(board, inLedger)
          .ranked()
          .map(({ playerId, score, seq }) => ({ playerId, score, seq })),
        board.boardId,
      );
    }
  });

  it("a history whose sum no score can hold stops at the limit and holds no other board up", async () => {
    const ledger = await database().openLedger();
    const settings = newSettings(["best_descending", "best_ascending"]);
    const old = await ledger.games.put(settings);
    const full = Number.MAX_SAFE_INTEGER;
    for (const [playerId, points] of [
      ["ada", full],
      ["bob", -full],
    ] as const) {
      for (let n = 0; n < 3; n++) await ledger.events.submit(eventOf(old, { playerId, points }));
    }
    const other = await ledger.games.put(newSettings());
    await ledger.events.submit(eventOf(other));
    const more = [...settings.boards, boardSettings("sum_descending")];
    await ledger.games.put({ ...settings, boards: more });
    const late = [boardSettings("sum_descending"), boardSettings("best_descending")];
    await ledger.games.put({ gameId: other.gameId, boards: late, actions: [] });
    await ledger.upkeep(nobody);
    for (const { gameId } of [old, other]) {
      const { boards } = await gameNow(ledger, gameId);
      assert.deepEqual(new Set(boards.map(({ state }) => state)), new Set(["ready"]));
    }
    const sum = boardOf(await gameNow(ledger, old.gameId), "sum_descending");
    assert.equal((await ledger.standings.find(sum, "ada"))?.score, full);
    assert.equal((await ledger.standings.find(sum, "bob"))?.score, -full);
  });
}

function randomScore(n: number) {
  return { playerId: `p${n % 97}`, points: Math.floor(Math.random() * 7) - 3 };
}
