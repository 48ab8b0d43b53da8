import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { newGame, submit } from "../lanes/games.ts";
import type { PageUnderTest } from "./page-under-test.ts";
import { Stage } from "./stage.ts";

/** The widest letter, the longest name. */
const wide = "W".repeat(64);

/** Player ids with the names that they show. */
const names: readonly (readonly [playerId: string, name: string])[] = [
  ["image", "<img src=x onerror=alert(1)>"],
  ["script", '"><script>alert(1)</script>'],
  ["table", "</bdi></th></tr></table><h1>owned"],
  ["vector", "<svg/onload=alert(1)>"],
  ["address", "javascript:alert(1)"],
  ["entity", "&lt;b&gt;&amp;"],
  ["template", "{{constructor.constructor('alert(1)')()}} #{alert(1)}"],
  ["hebrew", "שלום עולם (abc) 123"],
  ["arabic", "اَلْعَرَبِيَّةُ 45"],
  ["mixed", "a\u05d0b\u05d1 <1>"],
  ["family", "👩‍👩‍👧‍👦👨🏿‍🚀🏳️‍🌈🇺🇳"],
  ["stacked", `Z${"\u0337\u0322\u0321\u0310\u0353".repeat(12)}`],
  ["wide", wide],
  ["spaced", "a b c d e f g h i j k l m n o p q r s t u v w x y z"],
  ["thai", "ที่ปู่ญี่ปุ่น"],
  // Names of what objects have anyway.
  ["__proto__", "__proto__"],
  ["constructor", "constructor"],
  ["i".repeat(128), "an id of 128 letters"],
];

describe("what players call themselves", () => {
  let stage: Stage;
  let gameId: string;
  before(async () => {
    stage = await Stage.start();
    const gameServer = stage.gameServer();
    gameId = await newGame(gameServer);
    for (const [index, [playerId, displayName]] of names.entries()) {
      const what = { case: "points" as const, value: BigInt(1_000 - index) };
      await submit(gameServer, { gameId, playerId, displayName, what });
    }
  });
  after(() => stage?.close());

  async function openWatched(query: string, width: number): Promise<PageUnderTest> {
    const viewport = { width, height: 720 };
    const page = await stage.open(`game=${gameId}&limit=50${query}`, { viewport });
    await page.shows(names.map(([playerId], index) => [playerId, 1_000 - index]));
    return page;
  }

  it("is shown as text, whatever it is", async () => {
    const page = await openWatched("&me=__proto__", 1_280);
    assert.deepEqual(
      (await page.rows()).map(({ name }) => name),
      names.map(([, name]) => name),
    );
    await page.shows(
      names.slice(13, 18).map(([playerId], index) => [playerId, 987 - index]),
      "around",
    );
    const strangers = "script:not([src='main.js']), img, svg, iframe, h1 ~ h1, #top h1";
    assert.equal(await page.page.locator(strangers).count(), 0);
    await page.closeClean();
  });

  it("stays in its own row: all are equally high", async () => {
    const page = await openWatched("", 1_280);
    const heights = await page.page.evaluate(() =>
      [...document.querySelectorAll("#top tr[data-player]")].map(
        (row) => row.getBoundingClientRect().height,
      ),
    );
    const [lowest, highest] = [Math.min(...heights), Math.max(...heights)];
    assert.ok(highest - lowest < 1, `${lowest} to ${highest} px`);
    await page.screenshot("hostile-names");
    await page.closeClean();
  });

  it("does not turn the order of what stands beside it", async () => {
    const page = await openWatched("", 1_280);
    const cells = await page.page.evaluate(() =>
      [...document.querySelectorAll("#top tr[data-player]")].map((row) =>
        [".rank", ".name", ".score"].map(
          (cell) => row.querySelector(cell)?.getBoundingClientRect().left ?? -1,
        ),
      ),
    );
    for (const cell of cells) assert.deepEqual(cell, cells[0]);
    await page.closeClean();
  });

  for (const me of ["", "&me=wide", `&me=${"i".repeat(128)}`]) {
    it(`does not push the page beyond a phone of 320 px${me && `, with ${me.slice(1, 12)}`}`, async () => {
      const page = await openWatched(me, 320);
      const { width, inner, beyond } = await page.page.evaluate(() => ({
        width: document.documentElement.scrollWidth,
        inner: innerWidth,
        beyond: [...document.querySelectorAll("main *")]
          .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
          .map(({ outerHTML }) => outerHTML.slice(0, 80)),
      }));
      assert.ok(width <= inner, `${width} px: ${beyond.join("\n")}`);
      await page.screenshot(`hostile-names-phone${me && "-me"}`);
      await page.closeClean();
    });
  }

  it("is text in a game's own name and in the address, too", async () => {
    const hostile = encodeURIComponent("<img src=x onerror=alert(1)>");
    const page = await stage.open(
      `game=${hostile}&board=${hostile}&me=${hostile}&limit=${hostile}`,
    );
    await page.becomes("refused");
    assert.equal(await page.page.locator("h1").innerText(), "<img src=x onerror=alert(1)>");
    assert.equal(await page.page.locator("img").count(), 0);
    await page.closeClean();
  });
});
