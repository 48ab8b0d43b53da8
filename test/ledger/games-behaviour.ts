import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { it } from "node:test";
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { Game } from "../../src/model/game.ts";
import type { TestDatabase } from "./open-ledgers.ts";
import {
  boardOf,
  boardSettings,
  eventOf,
  gameNow,
  newGame,
  newSettings,
  submitLive,
} from "./sample-games.ts";

const nobody = async () => {};

/** Settings, how they change under events, and what is left of what was removed. */
export function gamesBehaviour(database: () => TestDatabase): void {
  it("a game is found as it was put, with a greater revision each time", async () => {
    const ledger = await database().openLedger();
    const settings = newSettings(["sum_descending", "best_ascending", "latest_descending"]);
    const actions = [{ name: "kill", points: 5, maxPerMinute: 3 }];
    const first = await ledger.games.put(settings);
    const [one, two, three] = settings.boards as [Board, Board, Board];
    const boards = [
      three,
      { ...one, title: "Total" },
      { ...two, direction: "descending" } as Board,
    ];
    const second = await ledger.games.put({ ...settings, boards, actions });
    assert.deepEqual(await ledger.games.find(settings.gameId), second);
    assert.equal(second.gameNo, first.gameNo);
    assert.ok(second.revision > first.revision);
    assert.deepEqual([...second.actions.values()], actions);
    assert.deepEqual(
      second.boards.map(({ boardNo: _, state, ...board }) => ({ ...board, state })),
      boards.map((board) => ({ ...board, state: "ready" })),
    );
    const numberIn = (game: Game, { boardId }: Board) => boardOf(game, boardId).boardNo;
    assert.equal(numberIn(second, one), numberIn(first, one));
    assert.equal(numberIn(second, three), numberIn(first, three));
    assert.notEqual(numberIn(second, two), numberIn(first, two));
  });

  it("a game that many make at once is one game, made once", async () => {
    const ledgers = [await database().openLedger(), await database().openLedger()];
    const settings = newSettings();
    const made = await Promise.all(
      Array.from({ length: 10 }, () =>
        ledgers.map((ledger) => ledger.games.ensure(settings)),
      ).flat(),
    );
    for (const game of made) assert.deepEqual(game, made[0]);
    assert.equal(made[0]?.revision, 1);
  });

  it("games are listed by id in steps", async () => {
    const ledger = await database().openLedger();
    const prefix = `zz-${randomUUID()}-`;
    const names = ["a", "b", "c", "d", "e"].map((name) => prefix + name);
    for (const gameId of names.toReversed()) await ledger.games.put({ ...newSettings(), gameId });
    const first = await ledger.games.list(prefix, 2);
    const second = await ledger.games.list(first.at(-1)?.gameId ?? "", 3);
    const last = await ledger.games.list(second.at(-1)?.gameId ?? "", 3);
    assert.deepEqual(
      [first, second, last].map((page) => page.map(({ gameId }) => gameId)),
      [names.slice(0, 2), names.slice(2), []],
    );
    assert.deepEqual(first[0], await ledger.games.find(names[0] as string));
  });

  it("an event checked against settings that changed is refused, and taken with the new ones", async () => {
    const ledger = await database().openLedger();
    const settings = newSettings();
    const old = await ledger.games.put(settings);
    const events = Array.from({ length: 4 }, () => eventOf(old));
    const changed = await ledger.games.put(settings);
    for (const together of [events, [...events, eventOf(changed)]]) {
      const outcomes = together.map(async (event) => {
        if (event.game === changed) await ledger.events.submit(event);
        else await assert.rejects(ledger.events.submit(event), { code: "game_changed" });
      });
      await Promise.all(outcomes);
    }
    for (const event of events) await ledger.events.submit({ ...event, game: changed });
    const board = boardOf(changed, "sum_descending");
    assert.equal((await ledger.standings.find(board, "ada"))?.score, 5);
  });

  it("events that flow while settings change again and again count once each", async () => {
    const [one, other] = [await database().openLedger(), await database().openLedger()];
    const settings = newSettings(["sum_descending", "best_descending"]);
    const { gameId } = await one.games.put(settings);
    const flow = async (ledger: Ledger) => {
      for (let n = 0; n < 40; n++) {
        if (n % 8 === 0) await ledger.games.put(settings);
        await submitLive(ledger, gameId, { points: 1 });
      }
    };
    await Promise.all(
      [one, other].flatMap((ledger) => Array.from({ length: 5 }, () => flow(ledger))),
    );
    const board = boardOf(await gameNow(one, gameId), "sum_descending");
    assert.equal((await one.standings.find(board, "ada"))?.score, 400);
  });

  it("a deleted game takes no events, and one made anew under its id starts at nothing", async () => {
    const ledger = await database().openLedger();
    const settings = newSettings(["sum_descending", "best_descending"]);
    const old = await ledger.games.put(settings);
    const event = eventOf(old, { points: 9 });
    await ledger.events.submit(event);
    assert.equal(await ledger.games.delete(old.gameId), true);
    assert.equal(await ledger.games.delete(old.gameId), false);
    assert.equal(await ledger.games.find(old.gameId), undefined);
    await assert.rejects(ledger.events.submit(event), { code: "game_changed" });
    await assert.rejects(ledger.events.submit(eventOf(old)), { code: "game_changed" });

    const anew = await ledger.games.put(settings);
    assert.deepEqual(
      anew.boards.map(({ state }) => state),
      ["ready", "ready"],
    );
    const { duplicate, outcomes } = await ledger.events.submit({ ...event, game: anew });
    assert.equal(duplicate, false);
    for (const outcome of outcomes) {
      assert.deepEqual([outcome.score, outcome.previousScore], [9, undefined]);
    }
    const removed: number[] = [];
    await ledger.upkeep(async (boardNo) => void removed.push(boardNo));
    const numbers = old.boards.map(({ boardNo }) => boardNo);
    assert.deepEqual(
      removed.filter((boardNo) => numbers.includes(boardNo)),
      numbers,
    );
    assert.deepEqual(await rowsOf(database(), old), { events: 0, standings: 0 });
    assert.deepEqual(await rowsOf(database(), anew), { events: 1, standings: 2 });
  });

  it("the standings of a removed board go and those of the others stay", async () => {
    const ledger = await database().openLedger();
    const settings = newSettings(["sum_descending", "best_descending"]);
    const game = await ledger.games.put(settings);
    await Promise.all(
      ["ada", "bob"].map((playerId) => ledger.events.submit(eventOf(game, { playerId }))),
    );
    const boards = [boardSettings("latest_descending"), boardSettings("best_descending")];
    await ledger.games.put({ ...settings, boards });
    const removed: number[] = [];
    await ledger.upkeep(async (boardNo) => void removed.push(boardNo));
    assert.ok(removed.includes(boardOf(game, "sum_descending").boardNo));
    assert.deepEqual(await rowsOf(database(), game), { events: 2, standings: 2 });
    const now = await gameNow(ledger, game.gameId);
    assert.deepEqual(await rowsOf(database(), now), { events: 2, standings: 4 });
  });

  it("a game that is deleted in the middle of events leaves nothing", async () => {
    const [one, other] = [await database().openLedger(), await database().openLedger()];
    const games: Game[] = [];
    for (let round = 0; round < 5; round++) {
      const game = await newGame(one, ["sum_descending", "best_descending"]);
      games.push(game);
      const outcomes = Promise.allSettled(
        Array.from({ length: 200 }, (_, n) =>
          (n % 2 === 0 ? one : other).events.submit(eventOf(game, { playerId: `p${n % 9}` })),
        ),
      );
      await other.games.delete(game.gameId);
      for (const outcome of await outcomes) {
        if (outcome.status === "rejected") assert.equal(outcome.reason.code, "game_changed");
      }
    }
    await one.upkeep(nobody);
    for (const game of games) {
      assert.deepEqual(await rowsOf(database(), game), { events: 0, standings: 0 });
    }
  });
}

type Board = ReturnType<typeof boardSettings>;

/** How many rows there are of a game, whether it still exists or not. */
async function rowsOf(database: TestDatabase, game: Game) {
  const [row] = await database.query<{ events: number; standings: number }>(
    `select (select count(*) from score_event where game_no = $1) as events,
      (select count(*) from standing where board_no = any($2::int[])) as standings`,
    [game.gameNo, game.boards.map((board) => board.boardNo)],
  );
  return row;
}
