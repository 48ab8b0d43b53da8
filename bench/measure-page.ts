import { startChromium } from "../test/servers/chromium.ts";
import { startEnvoy } from "../test/servers/envoy-server.ts";
import { type Figure, figure, withNotes } from "./figure.ts";
import { Latencies } from "./latencies.ts";
import type { PacedOptions, PacedResult } from "./load-paced.ts";
import { LoadProcess } from "./load-process.ts";
import { type MeasureContext, times } from "./measure.ts";

/** Few enough that a good part of the updates shows in the rows of the page. */
const players = 500;
const rows = 100;
const perSecond = 1_000;

/** What a page with the script below has seen. */
interface Painted {
  readonly ages: number[];
  readonly longTasks: number[];
}

/**
 * From a score's commit to its row on the screen: the live page in Chromium,
 * through Envoy, with 1,000 updates a second. A row counts as painted at the
 * end of the frame after the one that changed it, which is at the latest.
 */
export async function measurePage(context: MeasureContext): Promise<readonly Figure[]> {
  const { stage, profileFolder, signal, progress } = context;
  await using scene = await stage.scene({ players, profileFolder, signal });
  const { port, token, gameId } = scene;
  await using envoy = await startEnvoy({ instances: [scene.instance] });
  progress(`the page, ${rows} rows, ${perSecond} updates/s`);
  const browser = await startChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1_280, height: 900 } });
    await page.addInitScript(watchRows);
    await page.goto(`${envoy.url}/?game=${gameId}&limit=${rows}`);
    await page.locator("#top tr[data-player]").first().waitFor();
    await using load = await LoadProcess.start<PacedOptions, PacedResult>(
      "load-paced.ts",
      { port, token, gameId, run: "p", players, perSecond },
      signal,
    );
    const seen = () =>
      page.evaluate(() => {
        const painted = (globalThis as unknown as { painted: Painted }).painted;
        return { ages: painted.ages.splice(0), longTasks: painted.longTasks.splice(0) };
      });
    // What came while it warmed up is thrown away.
    const warm = setTimeout(() => void seen(), times.warmUpMs);
    const taken = await scene.measure([load], { ...times, signal });
    clearTimeout(warm);
    const { ages, longTasks } = await seen();
    const latencies = new Latencies();
    for (const age of ages) latencies.add(age);
    const [p50Ms, p99Ms] = latencies.percentiles(0.5, 0.99);
    const [result] = taken.results;
    if (result === undefined) throw new Error("the load has no result");
    await scene.expectEvents(players + result.accepted);
    const { seconds } = result;
    const notes = [
      `${Math.round(result.calls / seconds)} updates/s`,
      longTasks.length === 0
        ? "no task of the browser took more than 50 ms"
        : `${longTasks.length} tasks of the browser took more than 50 ms, up to ${Math.round(Math.max(...longTasks))} ms`,
    ];
    const what = `commit to painted row, ${rows} rows`;
    const one = figure(
      { key: "page", what, unit: "rows", count: ages.length, seconds, p50Ms, p99Ms, notes },
      taken,
    );
    return withNotes([one], await scene.end());
  } finally {
    await browser.close();
  }
}

/** Runs in the page, before its own script. */
function watchRows(): void {
  const painted: Painted = { ages: [], longTasks: [] };
  Object.assign(globalThis, { painted });
  let changed: number[] = [];
  const { port1, port2 } = new MessageChannel();
  port2.onmessage = ({ data }) => {
    const now = performance.timeOrigin + performance.now();
    for (const updatedAt of data) painted.ages.push(now - updatedAt);
  };
  const note = (node: Node) => {
    const updatedAt = node instanceof HTMLElement && node.dataset.updatedAt;
    if (!updatedAt) return;
    if (changed.length === 0) {
      requestAnimationFrame(() => {
        port1.postMessage(changed);
        changed = [];
      });
    }
    changed.push(Number(updatedAt));
  };
  new MutationObserver((mutations) => {
    for (const { type, target, addedNodes } of mutations) {
      if (type === "attributes") note(target);
      else for (const node of addedNodes) note(node);
    }
  }).observe(document, {
    subtree: true,
    childList: true,
    attributeFilter: ["data-updated-at"],
  });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) painted.longTasks.push(duration);
  }).observe({ type: "longtask" });
}
