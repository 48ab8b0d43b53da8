import assert from "node:assert/strict";
import type { Browser, BrowserContextOptions, CDPSession, Page } from "playwright-core";
import { eventually } from "../lanes/eventually.ts";

export interface PageOptions
  extends Pick<BrowserContextOptions, "viewport" | "colorScheme" | "reducedMotion"> {
  /** Instead of Envoy's. */
  readonly origin?: string;
}

export type TableId = "top" | "around";

/** A row as the page shows it. */
export interface ShownRow {
  readonly player: string;
  readonly rank: number;
  readonly score: number;
  /** Epoch ms. */
  readonly updatedAt: number;
  readonly isMe: boolean;
  readonly isTie: boolean;
  readonly name: string;
  readonly move: string;
}

export type LineState = "connecting" | "live" | "reconnecting" | "missing" | "failing" | "refused";

/** The page in a browser, and all that went wrong in it. */
export class PageUnderTest {
  readonly page: Page;
  /** The address of every request, in order. */
  readonly requests: string[] = [];
  /** Dialogs, uncaught errors, violations of the content security policy, complaints on the console. */
  readonly troubles: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on("request", (request) => this.requests.push(request.url()));
    page.on("dialog", (dialog) => {
      this.troubles.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("pageerror", (error) => this.troubles.push(`error: ${error.stack ?? error.message}`));
    page.on("console", (message) => {
      // A service that is away is a request that fails, and the browser says so.
      const isAbsence = message.text().startsWith("Failed to load resource");
      if (["error", "warning"].includes(message.type()) && !isAbsence) {
        this.troubles.push(`console: ${message.text()}`);
      }
    });
  }

  /** Resolves when the page has its first state, whatever it is. */
  static async open(browser: Browser, url: string, options: PageOptions): Promise<PageUnderTest> {
    const { viewport, colorScheme, reducedMotion } = options;
    const context = await browser.newContext({
      locale: "en-US",
      ...(viewport && { viewport }),
      ...(colorScheme && { colorScheme }),
      ...(reducedMotion && { reducedMotion }),
    });
    const opened = new PageUnderTest(await context.newPage());
    await opened.page.goto(url);
    await opened.page.locator("[role=status].line").waitFor({ state: "attached" });
    return opened;
  }

  async lineState(): Promise<LineState> {
    const line = this.page.locator("[role=status].line");
    return (await line.getAttribute("data-state")) as LineState;
  }

  lineText(): Promise<string> {
    return this.page.locator("[role=status].line").innerText();
  }

  async becomes(state: LineState): Promise<void> {
    await eventually(`the page is ${state}`, async () => (await this.lineState()) === state);
  }

  /** The rows of a table from top to bottom. */
  rows(table: TableId = "top"): Promise<ShownRow[]> {
    return this.page.evaluate(
      (id) =>
        [...document.querySelectorAll<HTMLElement>(`#${id} tr[data-player]`)].map((row) => {
          const text = (cell: string) => row.querySelector(cell)?.textContent ?? "";
          return {
            player: row.dataset.player ?? "",
            rank: Number(row.dataset.rank),
            score: Number(row.dataset.score),
            updatedAt: Number(row.dataset.updatedAt),
            isMe: row.dataset.me !== undefined,
            isTie: row.classList.contains("tie"),
            name: text(".name bdi") || text(".name"),
            move: text(".move"),
          };
        }),
      table,
    );
  }

  /** Resolves once the rows of a table are these players with these scores, in this order. */
  async shows(
    expected: readonly (readonly [player: string, score: number])[],
    table: TableId = "top",
  ): Promise<void> {
    const wanted = JSON.stringify(expected);
    let shown = "";
    const isShown = async () => {
      shown = JSON.stringify((await this.rows(table)).map(({ player, score }) => [player, score]));
      return shown === wanted;
    };
    await eventually(`#${table} shows ${wanted}`, isShown).catch((cause) => {
      throw new Error(`#${table} shows ${shown} instead of ${wanted}`, { cause });
    });
  }

  /** For what only Chromium's own protocol can ask. */
  devtools(): Promise<CDPSession> {
    return this.page.context().newCDPSession(this.page);
  }

  /** Kept in test/screenshots/, for people. */
  async screenshot(name: string, fullPage = true): Promise<void> {
    await this.page.screenshot({ path: `test/screenshots/${name}.png`, fullPage });
  }

  /** Asserts that nothing went wrong in the page and that it spoke with nobody but its origin. */
  assertClean(): void {
    assert.deepEqual(this.troubles, []);
    const { origin } = new URL(this.page.url());
    const strangers = this.requests.filter((url) => new URL(url).origin !== origin);
    assert.deepEqual(strangers, []);
  }

  /** Closes the page after `assertClean`. */
  async closeClean(): Promise<void> {
    this.assertClean();
    await this.page.context().close();
  }
}
