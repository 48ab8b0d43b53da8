import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Aggregation } from "../../gen/score/v1/admin_pb.js";
import { eventually } from "../lanes/eventually.ts";
import { newGame, submitAll } from "../lanes/games.ts";
import type { PageUnderTest } from "./page-under-test.ts";
import { Stage } from "./stage.ts";

describe("the chooser", () => {
  let stage: Stage;
  let gameId: string;
  let otherGameId: string;
  before(async () => {
    stage = await Stage.start();
    const gameServer = stage.gameServer();
    const boards = [{ boardId: "total" }, { boardId: "best", aggregation: Aggregation.BEST }];
    gameId = await newGame(gameServer, { boards });
    otherGameId = await newGame(gameServer);
    const scores = Array.from({ length: 12 }, (_, i) => [`player-${i}`, 120 - i * 10] as const);
    await submitAll(gameServer, gameId, [...scores, ["player-1", 50]]);
    await submitAll(gameServer, otherGameId, [["stranger", 7]]);
  });
  after(() => stage?.close());

  const total = (limit: number) =>
    [
      ["player-1", 160],
      ["player-0", 120],
      ...Array.from({ length: 10 }, (_, i) => [`player-${i + 2}`, 100 - i * 10] as const),
    ].slice(0, limit) as [string, number][];
  const best = (limit: number) =>
    Array.from({ length: limit }, (_, i) => [`player-${i}`, 120 - i * 10] as const);

  const query = (page: PageUnderTest) =>
    Object.fromEntries(new URL(page.page.url()).searchParams.entries());

  async function field(page: PageUnderTest, name: string): Promise<string> {
    return page.page.locator(`#chooser [name=${name}]`).inputValue();
  }

  /** Types into a field of the chooser and confirms as people do. */
  async function type(page: PageUnderTest, name: string, text: string): Promise<void> {
    await page.page.locator(`#chooser [name=${name}]`).fill(text);
    await page.page.keyboard.press("Enter");
  }

  it("changes the board, the table and the address", async () => {
    const page = await stage.open(`game=${gameId}&limit=5`);
    await page.shows(total(5));
    await page.page.locator("#chooser [name=board]").selectOption("best");
    await page.shows(best(5));
    assert.deepEqual(query(page), { game: gameId, board: "best", limit: "5" });
    await page.closeClean();
  });

  it("keeps no token in the address, and goes on without one that the service does not take", async () => {
    const claims = Buffer.from(JSON.stringify({ sub: "player-3", role: "player", game: gameId }));
    const forged = `${Buffer.from('{"alg":"HS256"}').toString("base64url")}.${claims.toString("base64url")}.AAAA`;
    const page = await stage.open(`game=${gameId}&limit=5&me=${forged}`);
    await page.shows(total(5));
    assert.deepEqual(query(page), { game: gameId, limit: "5" });

    await type(page, "me", forged);
    await page.shows(total(5).slice(0, 5));
    await eventually("the neighbours of its player", async () =>
      (await page.rows("around")).some(({ player, isMe }) => isMe && player === "player-3"),
    );
    await page.becomes("live");
    assert.equal(await field(page, "me"), "player-3");
    assert.ok(!page.page.url().includes("eyJ"));
    await page.page.context().close();
  });

  it("changes the number of entries", async () => {
    const page = await stage.open(`game=${gameId}&limit=5`);
    await page.shows(total(5));
    await page.page.locator("#chooser [name=limit]").selectOption("10");
    await page.shows(total(10));
    assert.equal(query(page).limit, "10");
    await page.closeClean();
  });

  it("changes the game", async () => {
    const page = await stage.open(`game=${gameId}&board=best&limit=5`);
    await page.shows(best(5));
    await type(page, "game", otherGameId);
    await page.shows([["stranger", 7]]);
    assert.equal(query(page).game, otherGameId);
    assert.equal(await page.page.locator("h1").innerText(), otherGameId);
    await page.closeClean();
  });

  it("changes who I am", async () => {
    const page = await stage.open(`game=${gameId}&limit=5`);
    await page.shows(total(5));
    await type(page, "me", "player-9");
    await page.shows(total(12).slice(7, 12), "around");
    assert.equal(query(page).me, "player-9");
    await type(page, "me", "");
    await page.page.locator("#around").waitFor({ state: "hidden" });
    assert.equal(query(page).me, undefined);
    await page.closeClean();
  });

  it("keeps the choice over a reload", async () => {
    const page = await stage.open(`game=${gameId}&limit=5`);
    await page.page.locator("#chooser [name=board]").selectOption("best");
    await page.shows(best(5));
    await page.page.locator("#chooser [name=limit]").selectOption("10");
    await page.shows(best(10));
    await type(page, "me", "player-3");
    await page.shows(best(12).slice(1, 6), "around");
    const before = query(page);
    await page.page.reload();
    await page.shows(best(10));
    await page.shows(best(12).slice(1, 6), "around");
    assert.deepEqual(query(page), before);
    for (const [name, value] of Object.entries({ ...before, me: "player-3" })) {
      assert.equal(await field(page, name), value);
    }
    await page.closeClean();
  });

  it("goes back and forward with the browser's buttons", async () => {
    const page = await stage.open(`game=${gameId}&limit=5`);
    await page.shows(total(5));
    await page.page.locator("#chooser [name=board]").selectOption("best");
    await page.shows(best(5));
    await type(page, "game", otherGameId);
    await page.shows([["stranger", 7]]);
    await page.page.goBack();
    await page.shows(best(5));
    await eventually("the fields follow", async () => (await field(page, "board")) === "best");
    assert.equal(await field(page, "game"), gameId);
    await page.page.goBack();
    await page.shows(total(5));
    await page.page.goForward();
    await page.shows(best(5));
    assert.equal(query(page).board, "best");
    await page.closeClean();
  });

  it("is left alone by frames: what is being typed stays", async () => {
    const page = await stage.open(`game=${otherGameId}`);
    await page.shows([["stranger", 7]]);
    await page.page.locator("#chooser [name=game]").fill("half a na");
    const gameServer = stage.gameServer();
    await submitAll(gameServer, otherGameId, [["newcomer", 1]]);
    await page.shows([
      ["stranger", 7],
      ["newcomer", 1],
    ]);
    assert.equal(await field(page, "game"), "half a na");
    await page.closeClean();
  });
});
