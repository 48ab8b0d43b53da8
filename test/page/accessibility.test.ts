import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import AxeBuilder from "@axe-core/playwright";
import { newGame, submitAll } from "../lanes/games.ts";
import { LiveLoad } from "./live-load.ts";
import type { PageOptions, PageUnderTest } from "./page-under-test.ts";
import { Stage } from "./stage.ts";

const guidelines = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const desk = { width: 1_280, height: 800 };

/** How people meet the page. */
const looks: readonly (readonly [name: string, query: string, options: PageOptions])[] = [
  ["light", "", { viewport: desk, colorScheme: "light" }],
  ["dark", "", { viewport: desk, colorScheme: "dark" }],
  ["phone", "", { viewport: { width: 320, height: 640 } }],
  ["phone-dark", "", { viewport: { width: 320, height: 640 }, colorScheme: "dark" }],
  ["tv", "&display=tv", { viewport: { width: 1_920, height: 1_080 } }],
  ["tv-dark", "&display=tv", { viewport: { width: 1_920, height: 1_080 }, colorScheme: "dark" }],
];

describe("everybody", () => {
  let stage: Stage;
  let gameId: string;
  before(async () => {
    stage = await Stage.start();
    const gameServer = stage.gameServer();
    gameId = await newGame(gameServer, { boards: [{ boardId: "main" }, { boardId: "weekly" }] });
    const scores = Array.from({ length: 60 }, (_, i) => [`player-${i}`, 600 - 10 * i] as const);
    await submitAll(gameServer, gameId, [...scores, ["tied", 590]]);
  });
  after(() => stage?.close());

  async function open(query: string, options: PageOptions): Promise<PageUnderTest> {
    const page = await stage.open(`game=${gameId}&limit=20${query}`, options);
    await page.becomes("live");
    await page.page.locator("#top tr[data-player]").nth(19).waitFor();
    await page.page.locator("#race canvas").waitFor();
    await page.page.locator("#rate canvas").waitFor();
    return page;
  }

  for (const [name, query, options] of looks) {
    for (const me of ["", "player-40"]) {
      it(`can read it: ${name}${me && " with me"}`, async () => {
        const page = await open(me ? `${query}&me=${me}` : query, options);
        if (me) await page.page.locator("#around tr[data-me]").waitFor();
        // The chart is drawn, and the movement of a player shown.
        await page.page.evaluate(() => document.fonts.ready);
        await page.screenshot(`${name}${me && "-me"}`, !query.includes("tv"));
        const { violations } = await new AxeBuilder({ page: page.page })
          .withTags(guidelines)
          .analyze();
        assert.deepEqual(
          violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`),
          [],
        );
        assert.deepEqual(await overlaps(page), []);
        const { wide, high } = await page.page.evaluate(() => ({
          wide: document.documentElement.scrollWidth - innerWidth,
          high: document.documentElement.scrollHeight - innerHeight,
        }));
        assert.ok(wide <= 0, `${wide} px too wide`);
        // Nobody scrolls a television.
        if (query.includes("tv")) assert.ok(high <= 0, `${high} px too high`);
        await page.closeClean();
      });
    }
  }

  it("can read it while it is stale, in light and dark", async () => {
    const pages = [
      await open("", { viewport: desk, colorScheme: "light" }),
      await open("", { viewport: desk, colorScheme: "dark" }),
    ];
    await stage.envoy.kill();
    try {
      for (const [index, page] of pages.entries()) {
        await page.becomes("reconnecting");
        await page.screenshot(`stale-${index === 0 ? "light" : "dark"}`);
        const { violations } = await new AxeBuilder({ page: page.page })
          .withTags(guidelines)
          .analyze();
        assert.deepEqual(
          violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`),
          [],
        );
        await page.closeClean();
      }
    } finally {
      await stage.envoy.start();
    }
  });

  it("can reach every control with Tab, in order, and see where they are", async () => {
    const page = await open("&me=player-40", { viewport: desk });
    const controls = await page.page.evaluate(() => {
      const candidates = "a[href], button, input, select, textarea, summary, [tabindex]";
      const all = [...document.querySelectorAll<HTMLElement>(candidates)];
      return all
        .filter((element) => element.checkVisibility() && element.tabIndex >= 0)
        .map((element) => element.getAttribute("name") ?? element.textContent);
    });
    for (const name of ["game", "board", "limit", "me"]) assert.ok(controls.includes(name), name);
    const reached: (string | null)[] = [];
    for (const _ of controls) {
      await page.page.keyboard.press("Tab");
      const { name, isMarked } = await page.page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        return {
          name: element.getAttribute("name") ?? element.textContent,
          isMarked: outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2,
        };
      });
      assert.ok(isMarked, `the focus is not to be seen on ${name}`);
      reached.push(name);
    }
    assert.deepEqual(reached, controls);
    await page.closeClean();
  });

  it("can change the board with the keyboard alone", async () => {
    const page = await open("", { viewport: desk });
    const focused = () =>
      page.page.evaluate(() => document.activeElement?.getAttribute("name") ?? "");
    while ((await focused()) !== "limit") await page.page.keyboard.press("Tab");
    await page.page.keyboard.press("ArrowUp");
    const places = Array.from({ length: 9 }, (_, i) => [`player-${i}`, 600 - 10 * i] as const);
    await page.shows([...places.slice(0, 2), ["tied", 590], ...places.slice(2)]);
    assert.equal(new URL(page.page.url()).searchParams.get("limit"), "10");
    assert.equal(await focused(), "limit");
    await page.closeClean();
  });

  it("hears a table with the heads of its columns", async () => {
    const page = await open("&me=player-40", { viewport: desk });
    await page.page.locator("#around tr[data-me]").waitFor();
    const devtools = await page.devtools();
    const { nodes } = await devtools.send("Accessibility.getFullAXTree");
    const tables = nodes.filter(({ role }) => role?.value === "table");
    assert.ok(tables.some(({ name }) => /top 20/i.test(name?.value)));
    assert.ok(tables.some(({ name }) => /player-40/.test(name?.value)));
    const heads = nodes.filter(({ role }) => role?.value === "columnheader");
    const names = heads.map(({ name }) => String(name?.value));
    for (const name of [/rank/i, /player/i, /score/i]) {
      assert.equal(names.filter((head) => name.test(head)).length, tables.length, names.join());
    }
    const rows = nodes.filter(({ role }) => role?.value === "row");
    assert.equal(rows.length, 1 + 20 + 1 + 5);
    const fields = nodes.filter(({ role }) => /^(textbox|combobox)/i.test(role?.value));
    const labels = new Set(fields.map(({ name }) => String(name?.value)));
    assert.deepEqual(labels, new Set(["Game", "Board", "Entries", "Me"]));
    await page.closeClean();
  });

  it("is not talked to without end while 20 frames a second arrive", async (t: TestContext) => {
    const listenMs = 16_000;
    const leastPauseMs = 4_500;
    const gameServer = stage.gameServer();
    const busyGameId = await newGame(gameServer);
    const { grpcPort } = stage.ports;
    const load = new LiveLoad({
      grpcPort,
      token: stage.serverToken,
      gameId: busyGameId,
      players: 30,
      rate: 200,
    });
    const page = await stage.open(`game=${busyGameId}&limit=20`);
    await page.becomes("live");
    await page.page.locator("#top tr[data-player]").nth(19).waitFor();
    await page.page.evaluate(() => {
      const heard = { spoken: [] as number[], frames: 0 };
      Object.assign(window, { heard });
      const live =
        "[aria-live=polite], [aria-live=assertive], [role=status], [role=alert], [role=log]";
      const text = () =>
        [...document.querySelectorAll(live)].map(({ textContent }) => textContent).join("\n");
      let before = text();
      new MutationObserver((changes) => {
        const now = text();
        if (now !== before) heard.spoken.push(performance.now());
        before = now;
        if (changes.some(({ target }) => target.parentElement?.closest("#top"))) heard.frames += 1;
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await pause(listenMs);
    const { spoken, frames } = await page.page.evaluate(
      () => (window as unknown as { heard: { spoken: number[]; frames: number } }).heard,
    );
    const durable = await load.stop();
    assert.ok(durable > 0);
    const pauses = spoken.slice(1).map((at, index) => Math.round(at - (spoken[index] ?? 0)));
    t.diagnostic(
      `${frames} frames and ${spoken.length} announcements in ${listenMs} ms: ${pauses}`,
    );
    assert.ok(frames >= (5 * listenMs) / 1_000, `${frames} frames`);
    assert.ok(spoken.length >= 1, "nothing is said");
    for (const ms of pauses) assert.ok(ms >= leastPauseMs, `${ms} ms between two announcements`);
    assert.notEqual(await page.page.locator("#news[aria-live=polite]").innerText(), "");
    await page.closeClean();
  });
});

/** The parts of the page that lie over each other. */
function overlaps({ page }: PageUnderTest): Promise<string[]> {
  return page.evaluate(() => {
    const parts = "h1, .line, #chooser, #around, #top, figcaption, canvas, figure ol";
    const boxes = [...document.querySelectorAll(parts)]
      .filter((part) => part.checkVisibility())
      .map((part) => ({
        name: `${part.closest("[id]")?.id} ${part.nodeName}`,
        box: part.getBoundingClientRect(),
      }));
    return boxes.flatMap(({ name, box }, index) =>
      boxes
        .slice(index + 1)
        .filter(
          ({ box: other }) =>
            Math.min(box.right, other.right) - Math.max(box.left, other.left) > 1 &&
            Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top) > 1,
        )
        .map((other) => `${name} and ${other.name}`),
    );
  });
}
