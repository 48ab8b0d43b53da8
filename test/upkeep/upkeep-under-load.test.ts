import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { AdminService } from "../../gen/score/v1/admin_pb.js";
import type { RunningService } from "../../src/app/service.ts";
import { comesTo } from "../app/scrape.ts";
import { type Backend, backendKinds } from "../lanes/backends.ts";
import type { Caller } from "../lanes/games.ts";
import { GrpcClient } from "../lanes/grpc-client.ts";
import { startTestService, tokenFor } from "../lanes/test-service.ts";
import { redisCommand } from "../servers/redis-command.ts";
import { fillBoard } from "./big-board.ts";
import { LongestTurn } from "./longest-turn.ts";
import { SteadyLoad } from "./steady-load.ts";

const { verifyRanking, rebuildRanking } = AdminService.method;

const gameId = "big";
const players = 30_000;

/**
 * What nothing may take longer than, in ms: an update, and what a watch waits for a frame beyond its tick,
 * by the clock; the processor's time that this thread, with the service in it, takes in one turn of the
 * event loop, and in all while one update is under way; and a command of Redis.
 */
const stallMs = 100;
const tickMs = 50;

/** By the clock, in ms, in any round: whoever waited for a lock or a statement of the upkeep would wait for longer. */
const heldUpMs = 1_000;

/** What else the machine does may hold up anything; an upkeep that stalls does so each time. */
const maxRounds = 8;

for (const kind of backendKinds) {
  describe(`a board of ${players} players under load, ${kind.name}`, { timeout: 120_000 }, () => {
    let backend: Backend;
    let service: RunningService;
    let client: GrpcClient;
    let caller: Caller;
    let load: SteadyLoad;
    before(async () => {
      backend = await kind.start();
      await fillBoard(backend, gameId, players);
      service = await startTestService(backend);
      client = new GrpcClient(service.grpcPort);
      caller = {
        client,
        server: { token: await tokenFor("server", "game-server") },
        admin: { token: await tokenFor("admin", "operator") },
      };
      await comesTo(service, "score_ready", 1);
      load = new SteadyLoad(caller, gameId, players);
      await load.warm();
    });
    after(async () => {
      try {
        await load?.end();
      } finally {
        client?.close();
        await service?.close();
        await backend?.close();
      }
    });

    const verify = async () => {
      const messages = client.watch(verifyRanking, { gameId }, caller.admin);
      const last = (await Array.fromAsync(messages)).at(-1) ?? assert.fail();
      assert.deepEqual([last.done, last.playersChecked], [true, BigInt(players)]);
      assert.equal(last.differenceCount, 0n);
    };
    const rebuild = async () => {
      const messages = client.watch(rebuildRanking, { gameId }, caller.admin);
      const last = (await Array.fromAsync(messages)).at(-1) ?? assert.fail();
      assert.deepEqual([last.done, last.playersBuilt], [true, BigInt(players)]);
    };

    for (const [name, upkeep] of [
      ["verified", verify],
      ["rebuilt", rebuild],
    ] as const) {
      it(`is ${name} without a stall`, async (t) => {
        const { REDIS_URL } = backend.env;
        if (REDIS_URL) {
          const threshold = String(1_000 * stallMs);
          await redisCommand(REDIS_URL, "CONFIG", "SET", "slowlog-log-slower-than", threshold);
        }
        for (let round = 1; ; round += 1) {
          if (REDIS_URL) await redisCommand(REDIS_URL, "SLOWLOG", "RESET");
          const turns = new LongestTurn();
          const { felt } = await load.during(upkeep);
          const { longestMs: longestTurn } = turns.end();
          t.diagnostic(JSON.stringify({ ...felt, longestTurn }));
          assert.ok(felt.updates > 20, "updates went on");
          assert.equal(felt.unranked, 0, "with their ranks");
          const { longestUpdate, longestSilence, mostWorkInUpdate } = felt;
          assert.ok(longestTurn < stallMs, `a turn of the event loop took ${longestTurn} ms`);
          assert.ok(
            mostWorkInUpdate < stallMs,
            `an update waited for ${mostWorkInUpdate} ms of work`,
          );
          assert.ok(longestUpdate < heldUpMs, `an update took ${longestUpdate} ms`);
          const longest = Math.max(longestUpdate, longestSilence - tickMs);
          const slow = REDIS_URL ? await redisCommand(REDIS_URL, "SLOWLOG", "LEN") : 0;
          if (longest < stallMs && slow === 0) break;
          const stalls = `now of ${longest} ms, and in ${slow} commands of Redis`;
          assert.ok(round < maxRounds, `a stall in each of ${round} rounds, ${stalls}`);
        }
      });
    }
  });
}
