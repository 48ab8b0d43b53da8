import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { grpcMessage } from "../../bench/grpc-message.ts";
import { UpdateScoreRequestSchema } from "../../gen/score/v1/score_pb.js";
import { eventually } from "../lanes/eventually.ts";
import { submit } from "../lanes/games.ts";
import { newId } from "../lanes/lane-suite.ts";
import { assertRefused } from "../lanes/refusal.ts";
import { tokenFor } from "../lanes/test-service.ts";
import type { CallFloodOptions, CallFloodResult } from "./calls.ts";
import { assertUnharmed, measureMs, startAttack } from "./comparison.ts";
import { type FloodScene, openFloodScene } from "./scene.ts";

const win = { case: "action", value: "win" } as const;

/** A million by hand: FLOOD_SCALE=100. */
const badTokens = 10_000 * Number(process.env.FLOOD_SCALE ?? 1);
const badTokensPerSecond = 2_000;

/**
 * Memory in MiB. 2,000 calls that wait take 92, and what V8 has not yet
 * collected of those before them some 200: within 20 s it is that, and stays.
 */
const mayCost = 400;
const mayGrow = 150;

const asFastAsAnswered = { inFlight: 100 };

const updatesPerSecond = 1_000;

/**
 * The attacker's process has the lowest priority, since it would have a machine
 * of its own. Without the service's own pace the calls "as fast as they are
 * answered" made the good client 6 to 20 times slower on two cores.
 */
describe("a flood of calls", () => {
  let scene: FloodScene;
  before(async () => {
    scene = await openFloodScene();
  });
  after(() => scene?.close());

  const updatesOf = (playerId: string): CallFloodOptions => {
    const request = { gameId: scene.gameId, playerId, what: win, actionId: newId("action") };
    const bytes = toBinary(UpdateScoreRequestSchema, create(UpdateScoreRequestSchema, request));
    return {
      attack: "calls",
      port: scene.grpcPort,
      method: "UpdateScore",
      message: grpcMessage(bytes).toString("base64"),
      connections: 4,
    };
  };

  it("by one player at 1,000 updates/s, whatever the answers, is refused and harms nobody else", async (test) => {
    const token = await tokenFor("player", "eve");
    const flood = { ...updatesOf("eve"), token, perSecond: updatesPerSecond };
    const { sent } = await assertUnharmed(test, scene, async () => {
      const end = await startAttack<CallFloodResult>(test, flood);
      const update = { gameId: scene.gameId, playerId: "eve", what: win };
      // The flood has begun when the player's own call is one too many.
      await eventually("the player is over the limit", () =>
        submit(scene.caller, update, { token }).then(
          () => false,
          () => true,
        ),
      );
      const retryMs = await assertRefused(submit(scene.caller, update, { token }), {
        code: Code.ResourceExhausted,
        reason: "RATE_LIMITED",
        message: "too many updates",
      });
      assert.ok(retryMs <= 1_000, `${retryMs} ms`);
      return end;
    });
    assert.ok(sent > (updatesPerSecond * measureMs) / 1_000, `${sent} updates were sent`);
    const player = { token: await tokenFor("player", "bob") };
    await submit(scene.caller, { gameId: scene.gameId, playerId: "bob", what: win }, player);
  });

  it("by one player as fast as they are answered harms nobody else", async (test) => {
    const token = await tokenFor("player", "mallory");
    const met = await assertUnharmed(test, scene, () =>
      startAttack<CallFloodResult>(test, {
        ...updatesOf("mallory"),
        ...asFastAsAnswered,
        token,
      }),
    );
    assertFlooded(met);
  });

  it("with bad tokens harms nobody, and a good token from that address is accepted", async (test) => {
    const flood = { ...updatesOf("eve"), ...asFastAsAnswered, hasBadTokens: true };
    const met = await assertUnharmed(test, scene, async () => {
      const end = await startAttack<CallFloodResult>(test, flood);
      // Its first call: no instance has seen this token before.
      const playerId = newId("player");
      const token = await tokenFor("player", playerId);
      const began = performance.now();
      await submit(scene.caller, { gameId: scene.gameId, playerId, what: win }, { token });
      const firstMs = performance.now() - began;
      await submit(scene.caller, { gameId: scene.gameId, playerId, what: win }, { token });
      const secondMs = performance.now() - began - firstMs;
      test.diagnostic(
        `a new token's first call ${firstMs.toFixed()} ms, its second ${secondMs.toFixed()} ms`,
      );
      return end;
    });
    assertFlooded(met);
  });

  it(`with ${badTokens} bad tokens, ${badTokensPerSecond}/s whatever the answers, harms nobody and fills no memory`, async (test) => {
    const flood = { ...updatesOf("eve"), hasBadTokens: true, perSecond: badTokensPerSecond };
    await assertUnharmed(test, scene, () => startAttack<CallFloodResult>(test, flood));
    const halfMs = ((badTokens / badTokensPerSecond) * 1_000) / 2;
    const memory = async () => (await scene.usage()).residentMebibytes;
    const before = await memory();
    const end = await startAttack<CallFloodResult>(test, flood);
    await pause(halfMs);
    const halfway = await memory();
    await pause(halfMs);
    const met = await end();
    const after = await memory();
    const [cost, growth] = [Math.round(after - before), Math.round(after - halfway)];
    test.diagnostic(`${JSON.stringify(met)}; ${cost} MiB, ${growth} of them in its second half`);
    assert.ok(met.sent > 0.9 * badTokens);
    assert.ok(cost < mayCost, `the flood cost ${cost} MiB`);
    assert.ok(growth < mayGrow, `memory grew by ${growth} MiB in the second half`);
  });

  it("without a token harms nobody", async (test) => {
    const met = await assertUnharmed(test, scene, () =>
      startAttack<CallFloodResult>(test, { ...updatesOf("eve"), ...asFastAsAnswered }),
    );
    assertFlooded(met);
  });
});

/** A flood that met nobody harms nobody. */
function assertFlooded({ sent, answers }: CallFloodResult): void {
  assert.ok(answers > 0, `${sent} calls, and none was answered`);
}
