import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { eventually } from "../lanes/eventually.ts";
import { newGame, submit } from "../lanes/games.ts";
import { Stage } from "./stage.ts";

describe("server-sent events", () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage?.close());

  const pathOf = (gameId: string) => `/v1/games/${gameId}/leaderboard:watch?limit=5`;

  it("reach an EventSource, which connects again by itself when Envoy is back", async () => {
    const gameServer = stage.gameServer();
    const gameId = await newGame(gameServer);
    await submit(gameServer, { gameId, playerId: "ada" });
    const page = await stage.open(`game=${gameId}`);
    await page.becomes("live");
    await page.page.evaluate((path) => {
      const seen = { scores: [] as string[], opens: 0, errors: 0 };
      Object.assign(window, { seen });
      const source = new EventSource(path);
      source.onopen = () => {
        seen.opens += 1;
      };
      source.onerror = () => {
        seen.errors += 1;
      };
      source.onmessage = ({ data }) => {
        const { entries, heartbeat } = JSON.parse(data);
        if (!heartbeat) seen.scores.push(entries[0].score);
      };
    }, pathOf(gameId));
    interface Seen {
      readonly scores: string[];
      readonly opens: number;
      readonly errors: number;
    }
    const seen = () => page.page.evaluate(() => (window as unknown as { seen: Seen }).seen);
    const last = async (score: string) => (await seen()).scores.at(-1) === score;
    await eventually("the first state", () => last("1"));
    await submit(gameServer, { gameId, playerId: "ada" });
    await eventually("the next state", () => last("2"));

    await stage.envoy.kill();
    await eventually("the line is broken", async () => (await seen()).errors > 0);
    await submit(gameServer, { gameId, playerId: "ada" });
    await stage.envoy.start();
    await eventually("the state after the return", () => last("3"));
    assert.equal((await seen()).opens, 2);

    // Longer than EventSource waits before it tries again, by itself 3 s.
    await stage.service.kill();
    const { errors } = await seen();
    await eventually("it tried in vain", async () => (await seen()).errors >= errors + 3);
    await stage.service.start();
    await submit(gameServer, { gameId, playerId: "ada" });
    await eventually("the state after the service's return", () => last("4"));
    await page.closeClean();
  });

  it("reach curl", async () => {
    const gameServer = stage.gameServer();
    const gameId = await newGame(gameServer);
    await submit(gameServer, { gameId, playerId: "ada" });
    const curl = spawn("curl", ["-sN", "-i", `${stage.envoy.url}${pathOf(gameId)}`], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      let text = "";
      curl.stdout.on("data", (chunk) => {
        text += chunk;
      });
      const frames = () =>
        [...text.matchAll(/^data: (.*)$/gm)].map(([, data = ""]) => JSON.parse(data));
      await eventually("the first state", () => /^data: .*\n\n/m.test(text));
      assert.match(text, /^HTTP\/1\.1 200 /);
      assert.match(text, /^content-type: text\/event-stream/im);
      await submit(gameServer, { gameId, playerId: "bo", what: { case: "points", value: 7n } });
      await eventually("the next state", () => frames().length === 2);
      assert.deepEqual(
        frames().map(({ entries }) =>
          entries.map((entry: { playerId: string; score: string }) => [
            entry.playerId,
            entry.score,
          ]),
        ),
        [
          [["ada", "1"]],
          [
            ["bo", "7"],
            ["ada", "1"],
          ],
        ],
      );
    } finally {
      curl.kill();
      await once(curl, "exit");
    }
  });
});
