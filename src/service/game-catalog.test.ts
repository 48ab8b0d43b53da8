import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { settle } from "../../test/watch/fake-board.ts";
import type { GameStore } from "../ledger/ledger.ts";
import { type Board, defaultGameSettings, type Game } from "../model/game.ts";
import { ScoreError } from "../model/score-error.ts";
import { systemTimers } from "../model/timers.ts";
import { GameCatalog } from "./game-catalog.ts";

const board = (boardId: string, state: Board["state"] = "ready"): Board => ({
  boardNo: 1,
  boardId,
  aggregation: "sum",
  direction: "descending",
  title: "",
  state,
});

const gameOf = (revision: number, fields: Partial<Game> = {}): Game => ({
  gameNo: 1,
  gameId: "chess",
  revision,
  boards: [board("main")],
  actions: new Map(),
  updatedAt: 0,
  ...fields,
});

describe("the catalog of games", () => {
  let stored: Game | undefined;
  let failure: Error | undefined;
  /** Reads wait for it once they have seen the game. */
  let gate: Promise<void>;
  /** Ends the wait for a ledger that is silent. */
  let losePatience: () => void;
  let reads: number;
  let now: number;
  let catalog: GameCatalog;
  beforeEach(() => {
    stored = gameOf(1);
    failure = undefined;
    gate = Promise.resolve();
    reads = 0;
    now = 1_000_000;
    const store = {
      async find() {
        reads += 1;
        const game = stored;
        await gate;
        if (failure) throw failure;
        return game;
      },
      async ensure() {
        stored ??= gameOf(1);
        return stored;
      },
    } as Partial<GameStore> as GameStore;
    const sleep = () =>
      new Promise<void>((resolve) => {
        losePatience = resolve;
      });
    catalog = new GameCatalog(store, () => now, { ...systemTimers, sleep });
  });

  it("reads a game once a second, however many ask", async () => {
    const found = await Promise.all(Array.from({ length: 10 }, () => catalog.find("chess")));
    assert.ok(found.every((game) => game === stored));
    now += 999;
    await catalog.find("chess");
    assert.equal(reads, 1);
    stored = gameOf(2);
    now += 1;
    assert.equal((await catalog.find("chess"))?.revision, 2);
    assert.equal(reads, 2);
  });

  it("remembers for a second that a game is not there", async () => {
    stored = undefined;
    await assert.rejects(catalog.get("chess"), { code: "unknown_game" });
    assert.equal(await catalog.find("chess"), undefined);
    assert.equal(reads, 1);
  });

  it("does not remember a failure", async () => {
    failure = new Error("the database is down");
    await assert.rejects(catalog.find("chess"), failure);
    failure = undefined;
    assert.equal(await catalog.find("chess"), stored);
  });

  const down = new ScoreError("ledger_unavailable", "the ledger is unavailable");

  it("reads go on with the last settings while the ledger is unavailable, and ask once a second", async () => {
    const known = await catalog.get("chess");
    failure = down;
    stored = gameOf(2);
    now += 3_600_000;
    assert.equal(await catalog.get("chess"), known);
    assert.equal((await catalog.board("chess", "main")).boardId, "main");
    assert.equal(reads, 2);
    now += 1_000;
    assert.equal(await catalog.get("chess"), known);
    assert.equal(reads, 3);
    failure = undefined;
    now += 1_000;
    assert.equal((await catalog.get("chess")).revision, 2);
  });

  it("reads go on with the last settings while the ledger is silent, until its late answer", async () => {
    const known = await catalog.get("chess");
    const silence = Promise.withResolvers<void>();
    gate = silence.promise;
    stored = gameOf(2);
    now += 1_000;
    const finding = Promise.all([catalog.get("chess"), catalog.get("chess")]);
    losePatience();
    assert.deepEqual(await finding, [known, known]);
    now += 5_000;
    assert.equal(await catalog.get("chess"), known);
    assert.equal(reads, 2, "one at a time waits for it");
    silence.resolve();
    await settle();
    failure = down;
    assert.equal((await catalog.get("chess")).revision, 2);
  });

  it("writes are told that the ledger is unavailable, until it is not", async () => {
    const known = await catalog.get("chess");
    failure = down;
    now += 1_000;
    await assert.rejects(catalog.find("chess"), down);
    await assert.rejects(catalog.refresh(known), down);
    assert.equal(await catalog.get("chess"), known);
    failure = undefined;
    stored = gameOf(2);
    assert.equal((await catalog.find("chess"))?.revision, 2);
  });

  it("nothing goes on for a game that was not there, or that was to be forgotten", async () => {
    stored = undefined;
    assert.equal(await catalog.find("chess"), undefined);
    failure = down;
    now += 1_000;
    await assert.rejects(catalog.get("chess"), down);
    failure = undefined;
    stored = gameOf(1);
    await catalog.get("chess");
    catalog.forget("chess");
    failure = down;
    await assert.rejects(catalog.get("chess"), down);
  });

  it("knows a game at once that it created or was told to forget", async () => {
    stored = undefined;
    assert.equal(await catalog.find("chess"), undefined);
    const created = await catalog.create(defaultGameSettings("chess"));
    assert.equal(await catalog.find("chess"), created);
    stored = gameOf(2);
    catalog.forget("chess");
    assert.equal((await catalog.find("chess"))?.revision, 2);
  });

  it("reads anew what is no newer than a caller's stale copy, once for all of them", async () => {
    const stale = await catalog.get("chess");
    stored = gameOf(2);
    assert.equal((await catalog.refresh(stale))?.revision, 2);
    assert.equal(reads, 2);
    assert.equal((await catalog.refresh(stale))?.revision, 2);
    assert.equal(reads, 2, "what is known is newer already");
    stored = gameOf(1, { gameNo: 7 });
    catalog.forget("chess");
    await catalog.find("chess");
    assert.equal((await catalog.refresh(gameOf(2)))?.gameNo, 7, "made anew under another number");
    assert.equal(reads, 3);
  });

  it("reads a game anew once for all who ask together, also when it is gone", async () => {
    const stale = await catalog.get("chess");
    for (const game of [gameOf(2), undefined]) {
      stored = game;
      const before = reads;
      const asked = Array.from({ length: 10 }, () => catalog.refresh(game ? stale : gameOf(2)));
      assert.deepEqual(await Promise.all(asked), Array(10).fill(game));
      assert.equal(reads, before + 1);
    }
  });

  it("finds a board by its id, and the first without one", async () => {
    stored = gameOf(1, { boards: [board("first"), board("second"), board("third", "filling")] });
    assert.equal((await catalog.board("chess", "")).boardId, "first");
    assert.equal((await catalog.board("chess", "second")).boardId, "second");
    await assert.rejects(catalog.board("chess", "fourth"), {
      code: "unknown_board",
      message: "game chess has no board fourth",
    });
    await assert.rejects(catalog.board("chess", "third"), {
      code: "board_filling",
      retryAfterMs: 1_000,
    });
  });
});
