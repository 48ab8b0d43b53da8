import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Code } from "@connectrpc/connect";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import type { RunningService } from "../../src/app/service.ts";
import { type Backend, startEmbedded } from "./backends.ts";
import { clientKinds } from "./clients.ts";
import { newEvent, newGame, submit } from "./games.ts";
import { CallError } from "./lane-client.ts";
import { describeLanes, newId } from "./lane-suite.ts";
import { assertIs, assertRefused } from "./refusal.ts";
import { startTestService, tokenFor } from "./test-service.ts";

const win = { case: "action", value: "win" } as const;
const tooMany = {
  code: Code.ResourceExhausted,
  reason: "RATE_LIMITED",
  message: "too many updates",
};

describeLanes("the rate limit", (lane) => {
  it("refuses a player's 6th update within a second, and only that player's", async () => {
    const gameId = await newGame(lane, { actions: [{ action: "win", points: 1n }] });
    const refused = await refusedOfBurst(6, async () => {
      const playerId = newId("player");
      const player = { token: await tokenFor("player", playerId, gameId) };
      return () => submit(lane, { gameId, playerId, what: win }, player);
    });
    assert.equal(refused.length, 1);
    for (const error of refused) assert.ok(assertIs(error, tooMany) <= 1_000);
    const other = { token: await tokenFor("player", "bo", gameId) };
    await submit(lane, { gameId, playerId: "bo", what: win }, other);
  });

  it("counts each event of a list", async () => {
    const gameId = await newGame(lane, { actions: [{ action: "win", points: 1n }] });
    const token = await tokenFor("player", "ada", gameId);
    const events = Array.from({ length: 100 }, () => newEvent({ what: win }));
    const { updateScores } = ScoreService.method;
    const { results } = await lane.client.call(updateScores, { gameId, events }, { token });
    const accepted = results.filter(({ outcome }) => outcome.case === "accepted");
    assert.ok(accepted.length >= 5 && accepted.length < 100, `${accepted.length} accepted`);
  });

  it("does not hold game servers back", async () => {
    const gameId = await newGame(lane);
    await Promise.all(Array.from({ length: 20 }, () => submit(lane, { gameId })));
  });

  it("refuses an action beyond its own limit a minute, and only that action", async () => {
    const gameId = await newGame(lane, {
      actions: [
        { action: "win", points: 1n, maxPerMinute: 2 },
        { action: "move", points: 1n },
      ],
    });
    const player = { token: await tokenFor("player", "ada", gameId) };
    await submit(lane, { gameId, what: win }, player);
    await submit(lane, { gameId, what: win }, player);
    const retryMs = await assertRefused(submit(lane, { gameId, what: win }, player), {
      code: Code.ResourceExhausted,
      reason: "ACTION_LIMITED",
      message: "win may be done 2 times a minute",
    });
    assert.ok(retryMs > 1_000);
    await submit(lane, { gameId, what: { case: "action", value: "move" } }, player);
    await submit(lane, { gameId, what: win });
  });
});

describe("the limit for calls without a valid token", () => {
  let backend: Backend;
  let service: RunningService;
  before(async () => {
    backend = await startEmbedded();
    service = await startTestService(backend, { SCORE_ANONYMOUS_CALLS_PER_SECOND: "3" });
  });
  after(async () => {
    await service?.close();
    await backend?.close();
  });

  for (const kind of clientKinds) {
    it(`holds for an address, through ${kind.name}, and not for those with a token`, async () => {
      const client = kind.open(service);
      const admin = { token: await tokenFor("admin", "operator") };
      const server = { token: await tokenFor("server", "game-server") };
      const gameId = await newGame({ client, admin, server });
      const { getLeaderboard } = ScoreService.method;
      for (const token of [undefined, "nonsense"]) {
        // Ten times the limit: even a slow machine sends some of them within one second.
        const calls = Array.from({ length: 30 }, () =>
          client.call(getLeaderboard, { gameId }, { token }),
        );
        const errors = (await Promise.allSettled(calls)).flatMap((call) =>
          call.status === "rejected" ? [call.reason] : [],
        );
        const limited = errors.filter(({ code }) => code === Code.ResourceExhausted);
        assert.ok(limited.length > 0);
        for (const error of limited) {
          assertIs(error, {
            code: Code.ResourceExhausted,
            reason: "RATE_LIMITED",
            message: "too many calls without a valid token from this address",
          });
        }
      }
      const named = Array.from({ length: 10 }, () =>
        client.call(getLeaderboard, { gameId }, server),
      );
      await Promise.all(named);
      client.close();
    });
  }
});

/**
 * The errors of `count` calls at once that took less than a second together:
 * on a busy machine that may need another attempt, with a player of its own.
 */
async function refusedOfBurst(
  count: number,
  prepare: () => Promise<() => Promise<unknown>>,
): Promise<readonly CallError[]> {
  for (;;) {
    const send = await prepare();
    const began = performance.now();
    const calls = await Promise.allSettled(Array.from({ length: count }, send));
    if (performance.now() - began > 900) continue;
    return calls.flatMap((call) => {
      if (call.status === "fulfilled") return [];
      if (!(call.reason instanceof CallError)) throw call.reason;
      return [call.reason];
    });
  }
}
