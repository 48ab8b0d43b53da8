import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Code } from "@connectrpc/connect";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import type { RunningService } from "../../src/app/service.ts";
import { type Backend, startEmbedded } from "./backends.ts";
import { clientKinds } from "./clients.ts";
import { eventually } from "./eventually.ts";
import { type Caller, newGame } from "./games.ts";
import type { LaneClient } from "./lane-client.ts";
import { assertRefused } from "./refusal.ts";
import { startTestService, tokenFor } from "./test-service.ts";

const { watchLeaderboard } = ScoreService.method;

describe("the end of a watch", () => {
  let backend: Backend;
  let service: RunningService;
  let clients: readonly LaneClient[];
  let caller: Caller;
  before(async () => {
    backend = await startEmbedded();
    service = await startTestService(backend, { SCORE_MAX_WATCHES: "4" });
    clients = clientKinds.map((kind) => kind.open(service));
    const [client] = clients;
    assert.ok(client);
    const server = { token: await tokenFor("server", "game-server") };
    const admin = { token: await tokenFor("admin", "operator") };
    caller = { client, server, admin };
  });
  after(async () => {
    for (const client of clients ?? []) client.close();
    await service?.close();
    await backend?.close();
  });

  const openAll = async () => {
    const gameId = await newGame(caller);
    const watches = clients.map((client) => client.watch(watchLeaderboard, { gameId }));
    for (const watch of watches) await watch.next();
    return { gameId, watches };
  };

  it("makes room for another through every lane: before, it is refused", async () => {
    const { gameId, watches } = await openAll();
    for (const [index, client] of clients.entries()) {
      const retryMs = await assertRefused(client.watch(watchLeaderboard, { gameId }).next(), {
        code: Code.ResourceExhausted,
        reason: "TOO_MANY_WATCHES",
        message: "this instance has as many watches as it may",
      });
      assert.equal(retryMs, 5_000);
      await watches[index]?.return(undefined);
      // The service hears of it a moment later.
      await eventually("there is room", async () => {
        const another = client.watch(watchLeaderboard, { gameId });
        const first = await another.next().catch((error) => error);
        if (!(first instanceof Error)) watches[index] = another;
        else assert.equal(first.message, "this instance has as many watches as it may");
        return watches[index] === another;
      });
    }
    for (const watch of watches) await watch.return(undefined);
  });

  it("is UNAVAILABLE, which means to connect again, when the service stops", async () => {
    await eventually("the last watches have left", async () => (await openWatches()) === 0);
    const { watches } = await openAll();
    const closed = service.close();
    for (const watch of watches) {
      const retryMs = await assertRefused(watch.next(), {
        code: Code.Unavailable,
        reason: "SHUTTING_DOWN",
        message: "this instance is shutting down; connect again",
      });
      assert.ok(retryMs <= 1_000);
    }
    await closed;
  });

  async function openWatches(): Promise<number> {
    const metrics = await fetch(`http://127.0.0.1:${service.httpPort}/metrics`);
    return Number(/^score_watches (\d+)$/m.exec(await metrics.text())?.[1]);
  }
});
