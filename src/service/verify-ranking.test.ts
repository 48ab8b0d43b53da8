import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aBoard } from "../../test/ranking/ranking-backends.ts";
import { systemTimers } from "../model/timers.ts";
import type { Call, Rooms } from "./rooms.ts";
import { progressMs, verifyRanking } from "./verify-ranking.ts";

describe("a comparison, as its caller hears of it", () => {
  it("is under way and then done, also while somebody sets the clock back", async () => {
    const board = aBoard("descending");
    let [timeOfDay, passed] = [0, 0];
    const { signal } = new AbortController();
    const rooms = {
      now: () => {
        timeOfDay -= 3_600_000;
        return timeOfDay;
      },
      monotonicNow: () => {
        passed += progressMs;
        return passed;
      },
      timers: systemTimers,
      stopping: signal,
      catalog: { board: async () => board, same: async () => board },
      ledger: { standings: { page: async () => ({ standings: [], next: undefined }) } },
      projector: { read: async () => ({ epoch: 1, version: 1, players: 0, places: 0 }) },
    } as unknown as Rooms;
    const call: Call = {
      identity: { subject: "operator", role: "admin", games: "*", expiresAt: Infinity },
      verifyAgain: async () => {},
      address: "192.0.2.1",
      deadline: undefined,
      signal,
    };
    const progress = verifyRanking(rooms, call, { gameId: "chess", boardId: "main" });
    const told = (await Array.fromAsync(progress)).map(({ isDone }) => isDone);
    assert.deepEqual([told[0], told.at(-1)], [false, true]);
  });
});
