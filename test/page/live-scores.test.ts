import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { eventually } from "../lanes/eventually.ts";
import { newGame, submit } from "../lanes/games.ts";
import { Stage } from "./stage.ts";

const samples = 50;

describe("scores on the page", () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage?.close());

  it("show up in order within 200 ms, through Envoy", async (t: TestContext) => {
    const gameServer = stage.gameServer("envoy");
    const gameId = await newGame(gameServer);
    const page = await stage.open(`game=${gameId}&limit=20`);
    await page.becomes("live");
    await page.page.evaluate(() => {
      const sights = new Map<string, number>();
      Object.assign(window, { sights });
      const look = () => {
        const rows = [...document.querySelectorAll<HTMLElement>("#top tr[data-player]")];
        const order = rows.map(({ dataset }) => `${dataset.player}=${dataset.score}`).join();
        if (!sights.has(order)) sights.set(order, Date.now());
      };
      const what = { subtree: true, childList: true, attributes: true };
      new MutationObserver(look).observe(document, what);
    });

    const standings = new Map<string, { readonly score: bigint; readonly seq: bigint }>();
    const delays: number[] = [];
    for (let sample = 0; sample < samples; sample += 1) {
      const playerId = `player-${(sample * 7) % 15}`;
      const points = BigInt(1 + ((sample * 13) % 40));
      const what = { case: "points" as const, value: points };
      const answer = await submit(gameServer, { gameId, playerId, what });
      const answeredAt = Date.now();
      const score = answer.standings[0]?.score ?? 0n;
      standings.set(playerId, { score, seq: answer.seq });
      const order = [...standings]
        .sort(([, a], [, b]) => Number(b.score - a.score) || Number(a.seq - b.seq))
        .map(([player, { score }]) => `${player}=${score}`)
        .join();
      let seenAt: number | undefined;
      await eventually(`the page shows ${order}`, async () => {
        seenAt = await page.page.evaluate(
          (order) => (window as unknown as { sights: Map<string, number> }).sights.get(order),
          order,
        );
        return seenAt !== undefined;
      });
      delays.push(Math.max(0, (seenAt ?? 0) - answeredAt));
    }
    delays.sort((one, other) => one - other);
    const [median = 0, p99 = 0] = [delays[samples / 2], delays[Math.ceil(samples * 0.99) - 1]];
    t.diagnostic(`from the answer to the row: median ${median} ms, p99 ${p99} ms`);
    assert.ok(median < 200, `median ${median} ms`);
    await page.closeClean();
  });

  it("come with the ledger's time of their last change", async () => {
    const gameServer = stage.gameServer();
    const gameId = await newGame(gameServer);
    const page = await stage.open(`game=${gameId}`);
    const { committedAt } = await submit(gameServer, { gameId, playerId: "ada" });
    await page.shows([["ada", 1]]);
    const [row] = await page.rows();
    const committedMs = Number(committedAt?.seconds) * 1_000 + (committedAt?.nanos ?? 0) / 1e6;
    assert.ok(Math.abs((row?.updatedAt ?? 0) - committedMs) <= 1, `${row?.updatedAt}`);
    await page.closeClean();
  });

  it("come the same at the web lane's own port", async () => {
    const gameServer = stage.gameServer();
    const gameId = await newGame(gameServer);
    const page = await stage.open(`game=${gameId}&limit=5`, { origin: stage.webUrl });
    await page.becomes("live");
    await submit(gameServer, { gameId, playerId: "ada" });
    await page.shows([["ada", 1]]);
    assert.ok(page.requests.length > 2);
    await page.closeClean();
  });

  it("come from nowhere but the page's own origin", async () => {
    const gameServer = stage.gameServer();
    const gameId = await newGame(gameServer);
    await submit(gameServer, { gameId, playerId: "ada" });
    const page = await stage.open(`game=${gameId}&me=ada`);
    await page.shows([["ada", 1]], "around");
    const addresses = page.requests.map((url) => new URL(url));
    assert.deepEqual(new Set(addresses.map(({ origin }) => origin)), new Set([stage.envoy.url]));
    const paths = new Set(addresses.map(({ pathname }) => pathname));
    assert.ok(paths.has("/score.v1.ScoreService/WatchLeaderboard"), [...paths].join(" "));
    await page.closeClean();
  });
});
