import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { aBoard } from "../../test/ranking/ranking-backends.ts";
import { settle } from "../../test/watch/fake-board.ts";
import { ScoreError } from "../model/score-error.ts";
import { rebuildRanking } from "./rebuild-ranking.ts";
import type { Call, Rooms } from "./rooms.ts";

const call: Call = {
  identity: { subject: "operator", role: "admin", games: "*", expiresAt: Infinity },
  verifyAgain: async () => {},
  address: "192.0.2.1",
  deadline: undefined,
  signal: new AbortController().signal,
};

describe("a rebuild, as its caller hears of it", () => {
  const board = aBoard("descending");
  let rebuild: PromiseWithResolvers<void>;
  let progress: ReturnType<typeof rebuildRanking>;
  /** Somebody sets the clock back again and again. */
  let timeOfDay: number;
  let passed: number;
  beforeEach(() => {
    rebuild = Promise.withResolvers();
    timeOfDay = 0;
    passed = 0;
    const rooms = {
      now: () => {
        timeOfDay -= 3_600_000;
        return timeOfDay;
      },
      monotonicNow: () => passed,
      catalog: { board: async () => board, same: async () => board },
      projector: {
        read: async () => ({ totalPlayers: 7 }),
        rebuild: async (_: unknown, onProgress: (built: number) => void) => {
          onProgress(3);
          await rebuild.promise;
          onProgress(7);
        },
      },
    } as unknown as Rooms;
    progress = rebuildRanking(rooms, call, { gameId: "chess", boardId: "main" });
  });

  it("is under way, and done even if it ended while nobody asked", async () => {
    const { value: first } = await progress.next();
    assert.deepEqual([first?.isDone, first?.playersBuilt, first?.totalPlayers], [false, 3, 7]);
    rebuild.resolve();
    await settle();
    const { value: last } = await progress.next();
    assert.deepEqual([last?.isDone, last?.playersBuilt, last?.totalPlayers], [true, 7, 7]);
    assert.equal((await progress.next()).done, true);
  });

  it("fails with why even if it did while nobody asked", async () => {
    await progress.next();
    const failure = new ScoreError("ranking_unavailable", "Redis went away");
    rebuild.reject(failure);
    await settle();
    await assert.rejects(progress.next(), failure);
  });

  it("took as long as it did, whoever sets the clock", async () => {
    await progress.next();
    passed = 1_500.4;
    rebuild.resolve();
    assert.equal((await progress.next()).value?.tookMs, 1_500);
  });
});
