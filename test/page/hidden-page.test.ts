import assert from "node:assert/strict";
import { after, afterEach, before, describe, it, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "../lanes/eventually.ts";
import { newGame, submit } from "../lanes/games.ts";
import type { PageUnderTest } from "./page-under-test.ts";
import { Stage } from "./stage.ts";

/** From being shown again to the newest state, in ms. */
const atOnceMs = 1_000;

describe("a page that nobody sees", () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage?.close());
  afterEach(() => stage.closePages());

  const watches = (count: number) =>
    eventually(
      `the service has ${count} watches`,
      async () => (await stage.metric("score_watches")) === count,
    );

  /** Headless Chromium hides no page, whatever is in front of it: the page is told so. */
  async function turn(page: PageUnderTest, state: DocumentVisibilityState): Promise<void> {
    await page.page.evaluate((state) => {
      Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
      Object.defineProperty(document, "hidden", { value: state === "hidden", configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);
  }

  for (const way of ["Envoy", "the web lane"] as const) {
    it(`costs nothing, and is right at once when it is seen again, through ${way}`, async (t: TestContext) => {
      const gameServer = stage.gameServer();
      const gameId = await newGame(gameServer);
      await submit(gameServer, { gameId, playerId: "ada" });
      const origin = way === "Envoy" ? stage.envoy.url : stage.webUrl;
      const page = await stage.open(`game=${gameId}&me=ada`, { origin });
      await page.shows([["ada", 1]]);
      await page.shows([["ada", 1]], "around");
      await watches(1);

      await turn(page, "hidden");
      await watches(0);
      const asked = page.requests.length;
      await page.page.evaluate(() => {
        const drawn = { count: 0 };
        Object.assign(window, { drawn });
        const observer = new MutationObserver(() => {
          drawn.count += 1;
        });
        observer.observe(document.body, { subtree: true, childList: true, characterData: true });
      });
      await submit(gameServer, { gameId, playerId: "ada" });
      // Longer than any of the page's timers: nothing is asked or drawn.
      await pause(6_000);
      assert.equal(page.requests.length, asked);
      assert.equal(
        await page.page.evaluate(
          () => (window as unknown as { drawn: { count: number } }).drawn.count,
        ),
        0,
      );
      assert.equal(await stage.metric("score_watches"), 0);

      const shownAt = performance.now();
      await turn(page, "visible");
      await page.shows([["ada", 2]]);
      const ms = Math.round(performance.now() - shownAt);
      t.diagnostic(`right after ${ms} ms`);
      assert.ok(ms <= atOnceMs, `${ms} ms`);
      assert.equal(await page.lineState(), "live");
      await watches(1);
      await page.closeClean();
      await watches(0);
    });
  }

  it("holds one watch, and none when it is closed", async () => {
    const gameServer = stage.gameServer();
    const gameId = await newGame(gameServer);
    const page = await stage.open(`game=${gameId}`);
    await page.becomes("live");
    await watches(1);
    await page.page.locator("#chooser [name=limit]").selectOption("50");
    await eventually("the choice is taken", () => page.page.url().includes("limit=50"));
    await watches(1);
    await page.closeClean();
    await watches(0);
  });

  it("asks for its watch once when it is opened", async () => {
    const gameServer = stage.gameServer();
    const gameId = await newGame(gameServer);
    const page = await stage.open(`game=${gameId}`);
    await page.becomes("live");
    await page.page.locator("#top").waitFor();
    const calls = page.requests.filter((url) => url.endsWith("/WatchLeaderboard"));
    assert.equal(calls.length, 1);
    await page.closeClean();
  });
});
