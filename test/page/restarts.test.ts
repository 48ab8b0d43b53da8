import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it, type TestContext } from "node:test";
import { eventually } from "../lanes/eventually.ts";
import { newGame, submit, submitAll } from "../lanes/games.ts";
import type { PageUnderTest } from "./page-under-test.ts";
import { Stage } from "./stage.ts";

/** The promise of the page, in ms. */
const rightAgainMs = 3_000;
/** So many tries in vain, and the page waits its longest between two. */
const triesInVain = 6;

describe("the page", () => {
  let stage: Stage;
  let gameId: string;
  let page: PageUnderTest;
  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage?.close());

  beforeEach(async () => {
    const gameServer = stage.gameServer();
    gameId = await newGame(gameServer);
    await submitAll(gameServer, gameId, [
      ["ada", 30],
      ["bo", 20],
      ["cy", 10],
    ]);
    page = await stage.open(`game=${gameId}`);
    await page.shows([
      ["ada", 30],
      ["bo", 20],
      ["cy", 10],
    ]);
  });

  afterEach(async () => {
    await stage.service.start();
    await stage.envoy.resume().catch(() => stage.envoy.start());
    await stage.closePages();
  });

  /** The page has noticed, says how old its rows are, and keeps them. */
  async function isStale(): Promise<void> {
    await page.becomes("reconnecting");
    assert.match(await page.lineText(), /Reconnecting.*stale since \d\d:\d\d:\d\d/);
    assert.deepEqual(
      (await page.rows()).map(({ player, score }) => [player, score]),
      [
        ["ada", 30],
        ["bo", 20],
        ["cy", 10],
      ],
    );
  }

  /** Asserts that the page shows a new score soon after now. */
  async function isRightSoon(t: TestContext, change: Promise<unknown> | undefined): Promise<void> {
    const back = performance.now();
    await change;
    await page.shows([
      ["cy", 110],
      ["ada", 30],
      ["bo", 20],
    ]);
    const ms = Math.round(performance.now() - back);
    t.diagnostic(`right again after ${ms} ms`);
    assert.equal(await page.lineState(), "live");
    assert.match(await page.lineText(), /^Live/);
    assert.ok(ms <= rightAgainMs, `${ms} ms`);
    await page.closeClean();
  }

  const cyScores = () =>
    submit(stage.gameServer(), {
      gameId,
      playerId: "cy",
      what: { case: "points", value: 100n },
    });

  /** It has tried in vain for a while: it waits long between two tries now. */
  async function hasTriedInVain(): Promise<void> {
    const { requests } = page;
    const before = requests.length;
    await eventually("the page tries again", () => requests.length >= before + triesInVain);
  }

  it("says how old its rows are while the service is gone, and is right soon after a kill -9", async (t) => {
    await stage.service.kill();
    await isStale();
    await stage.service.start();
    await isRightSoon(t, cyScores());
  });

  it("is right soon after the service was gone for long", async (t) => {
    await stage.service.kill();
    await isStale();
    await hasTriedInVain();
    assert.equal(await page.lineState(), "reconnecting");
    await stage.service.start();
    await isRightSoon(t, cyScores());
  });

  it("says how old its rows are while Envoy is gone, and is right soon after", async (t) => {
    await stage.envoy.kill();
    await isStale();
    await hasTriedInVain();
    await cyScores();
    await stage.envoy.start();
    await isRightSoon(t, undefined);
  });

  it("is right soon after a line that stood still for a moment", async (t) => {
    await stage.envoy.pause();
    await cyScores();
    await stage.envoy.resume();
    await isRightSoon(t, undefined);
  });

  it("notices a line that stands still, and is right soon after it moves again", async (t) => {
    await stage.envoy.pause();
    await cyScores();
    await isStale();
    await stage.envoy.resume();
    await isRightSoon(t, undefined);
  });
});
