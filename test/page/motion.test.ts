import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { newGame, submitAll } from "../lanes/games.ts";
import type { PageOptions } from "./page-under-test.ts";
import { Stage } from "./stage.ts";

const rounds = 6;

describe("rows that change places", () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage?.close());

  /** Lets two players overtake each other again and again; resolves with what was animated meanwhile. */
  async function animatedWhileOvertaking(options: PageOptions): Promise<string[]> {
    const gameServer = stage.gameServer();
    const gameId = await newGame(gameServer);
    let [ada, bo] = [20, 10];
    await submitAll(gameServer, gameId, [
      ["ada", ada],
      ["bo", bo],
    ]);
    const page = await stage.open(`game=${gameId}`, options);
    await page.shows([
      ["ada", ada],
      ["bo", bo],
    ]);
    await page.page.evaluate(() => {
      const animated = new Set<string>();
      Object.assign(window, { animated });
      const look = () => {
        for (const animation of document.getAnimations()) {
          const { target } = animation.effect as KeyframeEffect;
          animated.add(`${target?.nodeName} ${target?.closest("tr")?.dataset.player ?? ""}`.trim());
        }
        requestAnimationFrame(look);
      };
      look();
    });
    for (let round = 0; round < rounds; round += 1) {
      if (round % 2 === 0) bo += 20;
      else ada += 20;
      await submitAll(gameServer, gameId, [round % 2 === 0 ? ["bo", 20] : ["ada", 20]]);
      const order = [["ada", ada] as const, ["bo", bo] as const];
      await page.shows(order.sort(([, one], [, other]) => other - one));
      // The next frame of the screen is looked at, too.
      await page.page.evaluate(
        () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
      );
    }
    const animated = await page.page.evaluate(() => [
      ...(window as unknown as { animated: Set<string> }).animated,
    ]);
    await page.closeClean();
    return animated;
  }

  it("glide to them", async () => {
    const animated = await animatedWhileOvertaking({ reducedMotion: "no-preference" });
    assert.deepEqual(animated.sort(), ["TR ada", "TR bo"]);
  });

  it("stand still for those who asked for little motion: nothing is animated", async () => {
    assert.deepEqual(await animatedWhileOvertaking({ reducedMotion: "reduce" }), []);
  });
});
