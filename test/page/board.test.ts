import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually } from "../lanes/eventually.ts";
import { newGame, submit, submitAll } from "../lanes/games.ts";
import { type GameServer, Stage } from "./stage.ts";

const players = 40_100;
const myRank = 40_000;
/** Calls of 1,000 scores each under way at once. */
const callsUnderWay = 4;

describe("the board on the page", () => {
  let stage: Stage;
  let gameServer: GameServer;
  before(async () => {
    stage = await Stage.start();
    gameServer = stage.gameServer();
  });
  after(() => stage?.close());

  const points = (value: number) => ({ case: "points" as const, value: BigInt(value) });

  it("marks those who share a score, and only those", async () => {
    const gameId = await newGame(gameServer);
    await submitAll(gameServer, gameId, [
      ["first", 50],
      ["tied-1", 40],
      ["tied-2", 40],
      ["tied-3", 40],
      ["between", 30],
      ["pair-1", 20],
      ["pair-2", 20],
    ]);
    const page = await stage.open(`game=${gameId}`);
    const ties = async () => (await page.rows()).filter(({ isTie }) => isTie);
    const tied = ["tied-1", "tied-2", "tied-3", "pair-1", "pair-2"];
    await eventually("the ties are marked", async () => (await ties()).length === tied.length);
    assert.deepEqual(
      (await ties()).map(({ player }) => player),
      tied,
    );
    // Who reached the score first is ahead, and no rank is shared.
    assert.deepEqual(
      (await page.rows()).map(({ rank }) => rank),
      [1, 2, 3, 4, 5, 6, 7],
    );
    await submit(gameServer, { gameId, playerId: "pair-2", what: points(1) });
    await eventually("a tie ends", async () => (await ties()).length === 3);
    await page.closeClean();
  });

  it("says how many places each has won and lost", async () => {
    const gameId = await newGame(gameServer);
    const order = ["ada", "bo", "cy", "di"];
    await submitAll(
      gameServer,
      gameId,
      order.map((player, index) => [player, 40 - index * 10]),
    );
    const page = await stage.open(`game=${gameId}`);
    await page.shows(order.map((player, index) => [player, 40 - index * 10]));
    await submit(gameServer, { gameId, playerId: "di", what: points(100) });
    const shown = [
      ["di", 110],
      ["ada", 40],
      ["bo", 30],
      ["cy", 20],
    ] as const;
    await page.shows(shown);
    const moves = (await page.rows()).map(({ move }) => move);
    assert.match(moves[0] ?? "", /▲3/);
    for (const move of moves.slice(1)) assert.match(move, /▼1/);
    await submit(gameServer, { gameId, playerId: "eve", what: points(35) });
    await page.shows([shown[0], shown[1], ["eve", 35], shown[2], shown[3]]);
    assert.match((await page.rows())[2]?.move ?? "", /new/i);
    await page.closeClean();
  });

  it("says how many players there are", async () => {
    const gameId = await newGame(gameServer);
    await submit(gameServer, { gameId, playerId: "ada" });
    const page = await stage.open(`game=${gameId}&limit=5`);
    const text = () => page.page.locator("main").innerText();
    await eventually("there is one player", async () => /(?<!\d)1 player\b/.test(await text()));
    await submitAll(
      gameServer,
      gameId,
      Array.from({ length: 999 }, (_, index) => [`player-${index}`, 5_000 - index] as const),
    );
    await eventually("there are 1,000", async () => /(?<!\d)1,000 players\b/.test(await text()));
    await page.closeClean();
  });

  it("shows a game that comes only later", async () => {
    const gameId = `later-${Date.now()}`;
    const page = await stage.open(`game=${gameId}`);
    await page.becomes("missing");
    await submit(gameServer, { gameId, playerId: "ada" });
    await page.shows([["ada", 1]]);
    assert.equal(await page.lineState(), "live");
    await page.closeClean();
  });

  it(`shows me and those around me at rank ${myRank}, and follows me`, async () => {
    const gameId = await newGame(gameServer);
    await fill(gameServer, gameId);
    const page = await stage.open(`game=${gameId}&limit=10&me=player-${myRank}`);
    const ranked = (from: number, to: number) =>
      Array.from({ length: to - from + 1 }, (_, index) => {
        const rank = from + index;
        return [`player-${rank}`, scoreOf(rank)] as const;
      });
    await page.shows(ranked(1, 10));
    await page.shows(ranked(myRank - 2, myRank + 2), "around");
    const around = await page.rows("around");
    assert.deepEqual(
      around.map(({ rank, isMe }) => [rank, isMe]),
      [
        [39_998, false],
        [39_999, false],
        [40_000, true],
        [40_001, false],
        [40_002, false],
      ],
    );
    assert.match(await page.page.locator("main").innerText(), /40,100 players/);

    // A thousand places up: between two neighbours there.
    const target = myRank - 1_000;
    const gain = scoreOf(target) - scoreOf(myRank) + 1;
    await submit(gameServer, { gameId, playerId: `player-${myRank}`, what: points(gain) });
    await page.shows(
      [
        ...ranked(target - 2, target - 1),
        [`player-${myRank}`, scoreOf(target) + 1],
        ...ranked(target, target + 1),
      ],
      "around",
    );
    assert.equal((await page.rows("around"))[2]?.rank, target);

    // And to the front, where my row is in the top as well.
    const rest = scoreOf(1) - (scoreOf(target) + 1) + 10;
    await submit(gameServer, { gameId, playerId: `player-${myRank}`, what: points(rest) });
    await page.shows([[`player-${myRank}`, scoreOf(1) + 10], ...ranked(1, 9)]);
    assert.deepEqual(
      (await page.rows()).map(({ isMe }) => isMe),
      [true, ...Array(9).fill(false)],
    );
    await page.closeClean();
  });

  it("hides what is around me when I am nobody", async () => {
    const gameId = await newGame(gameServer);
    await submit(gameServer, { gameId, playerId: "ada" });
    const page = await stage.open(`game=${gameId}`);
    await page.shows([["ada", 1]]);
    assert.equal(await page.page.locator("#around").isVisible(), false);
    await page.closeClean();
  });
});

function scoreOf(rank: number): number {
  return 10 * (players + 1 - rank);
}

/** Gives `player-<rank>` the score of that rank. */
async function fill(gameServer: GameServer, gameId: string): Promise<void> {
  const calls = Array.from({ length: Math.ceil(players / 1_000) }, (_, call) =>
    Array.from({ length: Math.min(1_000, players - call * 1_000) }, (_, index) => {
      const rank = call * 1_000 + index + 1;
      return [`player-${rank}`, scoreOf(rank)] as const;
    }),
  );
  const caller = async () => {
    for (let call = calls.shift(); call; call = calls.shift()) {
      await submitAll(gameServer, gameId, call);
    }
  };
  await Promise.all(Array.from({ length: callsUnderWay }, caller));
}
