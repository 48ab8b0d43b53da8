import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { settle } from "../../test/watch/fake-board.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { RedisRanking } from "./redis-ranking.ts";

describe("a follower of a ranking in Redis", () => {
  it("is told and can leave though Redis was away when it came", async () => {
    const left: string[] = [];
    let publish = (_channel: string) => {};
    const connection = {
      onMessage(listener: (channel: string) => void) {
        publish = listener;
      },
      subscribe: () => Promise.reject(new Error("Connection is closed.")),
      unsubscribe: async (channel: string) => void left.push(channel),
    } as unknown as RedisConnection;
    const ranking = new RedisRanking({ connection, ledgerId: "0123456789", instanceId: "me" });
    let notices = 0;
    const leave = await ranking.follow(7, () => {
      notices += 1;
    });
    // The connection goes on subscribing.
    publish("score:01234567:{7}");
    assert.equal(notices, 1);
    leave();
    await settle();
    publish("score:01234567:{7}");
    assert.deepEqual([notices, left], [1, ["score:01234567:{7}"]]);
  });
});
