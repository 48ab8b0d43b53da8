import assert from "node:assert/strict";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { embedded } from "../lanes/backends.ts";
import { eventually } from "../lanes/eventually.ts";
import { newEvent, newGame, submit } from "../lanes/games.ts";
import { GrpcClient, toCallError } from "../lanes/grpc-client.ts";
import { describeLanes } from "../lanes/lane-suite.ts";
import { assertRefused, unauthenticated } from "../lanes/refusal.ts";
import { tokenFor } from "../lanes/test-service.ts";

const expired = unauthenticated("the token has expired");
const { getLeaderboard, watchLeaderboard } = ScoreService.method;

/** How long a token lives here, at most: long enough to be used once on a busy machine. */
const lifeMs = 5_000;
const shortLived = () => tokenFor("server", "game-server", "*", `${lifeMs / 1_000}s`);

describeLanes(
  "a token that ends while reading is closed",
  (lane) => {
    it("ends its calls, its watch and its pipe", async () => {
      const gameId = await newGame(lane);
      await submit(lane, { gameId });
      const token = await shortLived();
      const endsAt = Date.now() + lifeMs;
      await submit(lane, { gameId }, { token });
      const ends: Promise<unknown>[] = [];

      const watch = lane.client.watch(watchLeaderboard, { gameId }, { token });
      assert.equal((await watch.next()).done, false);
      const left = Array.fromAsync(watch);
      ends.push(lane.kind.isRest ? left.catch(() => {}) : assertRefused(left, expired));

      const { client } = lane;
      if (client instanceof GrpcClient) {
        const pipe = client.stream({ token });
        pipe.write(newEvent({ gameId }));
        const sending = setInterval(() => pipe.write(newEvent({ gameId })), 50);
        const answered = Array.fromAsync(pipe).catch((error) => Promise.reject(toCallError(error)));
        ends.push(assertRefused(answered, expired).finally(() => clearInterval(sending)));
      }
      await Promise.all(ends);
      assert.ok(Date.now() >= endsAt - 1_000, "not before its time");
      while (Date.now() < endsAt) await sleep(50);
      await assertRefused(submit(lane, { gameId }, { token }), expired);
      await assertRefused(client.call(getLeaderboard, { gameId }, { token }), expired);
    });
  },
  {
    backends: [embedded],
    clients: ["gRPC", "JSON", "gRPC by Envoy", "REST by Envoy"],
    env: { SCORE_ANONYMOUS_READ: "false" },
  },
);

describeLanes(
  "a token that ends while reading is open",
  (lane) => {
    it("leaves its watch, which needs none", async () => {
      const gameId = await newGame(lane);
      const token = await shortLived();
      const watch = lane.client.watch(watchLeaderboard, { gameId }, { token });
      assert.equal((await watch.next()).value?.entries.length, 0);
      await eventually("the token has ended", () =>
        lane.client.call(getLeaderboard, { gameId }, { token }).then(
          () => false,
          ({ message }) => message === expired.message,
        ),
      );
      await submit(lane, { gameId });
      assert.equal((await watch.next()).value?.entries.length, 1);
      await watch.return(undefined);
    });
  },
  { backends: [embedded], clients: ["gRPC"] },
);
