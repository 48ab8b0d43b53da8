import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { grpcMessage } from "../../bench/grpc-message.ts";
import { ScoreService, WatchLeaderboardRequestSchema } from "../../gen/score/v1/score_pb.js";
import { clientKinds } from "../lanes/clients.ts";
import { eventually } from "../lanes/eventually.ts";
import { assertRefused } from "../lanes/refusal.ts";
import { tokenFor } from "../lanes/test-service.ts";
import type { CallFloodOptions, CallFloodResult } from "./calls.ts";
import { assertUnharmed, startAttack, twice } from "./comparison.ts";
import { type FloodScene, openFloodScene } from "./scene.ts";

const asked = 10_000;
const perSecond = 2_000;
/** The default of SCORE_MAX_WATCHES_PER_CALLER. */
const most = 1_000;

/**
 * Of the slowest tenth of calls the promise holds beside so many watches and refusals in one to eleven rounds,
 * and came to 2.9 times in hours in which the machine, which carries the flood as well, had half its speed, and
 * to 3.02 in one in which it had two fifths.
 */
const mostTimesSlower = { ...twice, callP90: 4 };

describe("10,000 watches from one client", () => {
  let scene: FloodScene;
  before(async () => {
    // So many calls at once are beyond this limit, too: they are to meet the other.
    scene = await openFloodScene({ SCORE_ANONYMOUS_CALLS_PER_SECOND: "0" });
  });
  after(() => scene?.close());

  const watches = async (fields: Partial<CallFloodOptions>): Promise<CallFloodOptions> => {
    const request = create(WatchLeaderboardRequestSchema, { gameId: scene.gameId, limit: 100 });
    const bytes = toBinary(WatchLeaderboardRequestSchema, request);
    return {
      attack: "calls",
      port: scene.grpcPort,
      method: "WatchLeaderboard",
      message: grpcMessage(bytes).toString("base64"),
      connections: 40,
      ...fields,
    };
  };
  /** Resolves when one caller has all the watches that it may have. */
  const start = async (test: TestContext, options: CallFloodOptions) => {
    const { watches: others } = await scene.usage();
    const end = await startAttack<CallFloodResult>(test, options);
    const all = others + most;
    const hasAll = async () => (await scene.usage()).watches >= all;
    await eventually("there are as many watches as there may be", hasAll);
    return async () => {
      // Others may be about to leave; who had too many would keep them.
      const isBounded = async () => (await scene.usage()).watches <= all;
      await eventually("there are no more watches than there may be", isBounded);
      const met = await end();
      await eventually("they are gone", async () => (await scene.usage()).watches === others);
      return met;
    };
  };

  it("are refused with how long to wait, through every lane, until there is room", async (test) => {
    const token = await tokenFor("player", "mallory");
    const end = await start(test, await watches({ token, inFlight: 30 }));
    const { watchLeaderboard } = ScoreService.method;
    const { gameId } = scene;
    const clients = clientKinds.map((kind) => kind.open(scene));
    test.after(() => {
      for (const client of clients) client.close();
    });
    for (const client of clients) {
      const another = client.watch(watchLeaderboard, { gameId }, { token }).next();
      const retryMs = await assertRefused(another, {
        code: Code.ResourceExhausted,
        reason: "TOO_MANY_WATCHES",
        message: `one caller may have ${most} watches`,
      });
      assert.ok(retryMs > 0);
      const others = client.watch(watchLeaderboard, { gameId });
      assert.ok((await others.next()).value);
      await others.return(undefined);
    }
    await end();
    for (const client of clients) {
      const watch = client.watch(watchLeaderboard, { gameId }, { token });
      assert.ok((await watch.next()).value);
      await watch.return(undefined);
    }
  });

  for (const [name, fields] of [
    ["by address", {}],
    ["by player", { token: "player" }],
    ["by address, and none is read", { isDeaf: true }],
  ] as const) {
    it(`come to ${most}, counted ${name}; nobody else is slower, and no memory filled`, async (test) => {
      const token = "token" in fields ? { token: await tokenFor(fields.token, "eve") } : {};
      const options = await watches({ ...fields, ...token, perSecond, inFlight: 250 });
      let before = Number.NaN;
      let grownBy = Number.NaN;
      const flood = async () => {
        before = (await scene.usage()).residentMebibytes;
        const began = performance.now();
        const end = await start(test, options);
        return async () => {
          const allAskedAt = began + (asked * 1_000) / perSecond;
          await pause(Math.max(0, allAskedAt - performance.now()));
          grownBy = Math.round((await scene.usage()).residentMebibytes - before);
          return { ...(await end()), grownBy };
        };
      };
      const met = await assertUnharmed(test, scene, flood, mostTimesSlower);
      assert.ok(met.sent > 0.9 * asked, `${met.sent} were asked for`);
      assert.ok(grownBy < 300, `memory grew by ${grownBy} MiB`);
    });
  }
});
