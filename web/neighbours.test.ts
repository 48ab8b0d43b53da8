import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  type GetLeaderboardResponse,
  GetLeaderboardResponseSchema,
} from "../gen/score/v1/score_pb.js";
import { Neighbours } from "./neighbours.ts";
import { Pacer } from "./pacer.ts";

describe("neighbours", () => {
  it("are asked for once a second while frames arrive, each 5 s otherwise", async () => {
    const { neighbours, asked, answer } = questions();
    const askedAt: number[] = [];
    for (let now = 0; now <= 12_000; now += 50) {
      neighbours.poke(now, now <= 2_000);
      if (asked.length > askedAt.length) askedAt.push(now);
      await answer();
    }
    assert.deepEqual(askedAt, [0, 1_000, 2_000, 7_000, 12_000]);
  });

  it("are not asked for twice at the same time", async () => {
    const { neighbours, asked, answer } = questions();
    neighbours.poke(0, true);
    neighbours.poke(60_000, true);
    assert.equal(asked.length, 1);
    await answer();
    neighbours.poke(60_000, true);
    assert.equal(asked.length, 2);
  });

  it("are none for a player who is not on the board", async () => {
    const { neighbours, fail } = questions();
    assert.equal(neighbours.entries, undefined);
    neighbours.poke(0, true);
    await fail(new ConnectError("unknown player", Code.NotFound));
    assert.deepEqual(neighbours.entries, []);
  });

  it("stay when a question fails, and are asked for again", async () => {
    const { neighbours, asked, answer, fail } = questions();
    neighbours.poke(0, true);
    await answer();
    neighbours.poke(5_000, false);
    await fail(new ConnectError("down", Code.Unavailable));
    assert.equal(neighbours.entries?.[0]?.playerId, "ada");
    neighbours.poke(6_000, false);
    assert.equal(asked.length, 3);
  });

  it("are not changed by an answer that comes after the end", async () => {
    const { neighbours, answer, stop } = questions();
    neighbours.poke(0, true);
    stop.abort();
    await answer();
    assert.equal(neighbours.entries, undefined);
  });
});

describe("a pacer", () => {
  it("draws once for all requests before an animation frame", () => {
    const frames: (() => void)[] = [];
    let drawn = 0;
    const pacer = new Pacer(
      (draw) => frames.push(draw),
      () => {
        drawn += 1;
      },
    );
    for (let request = 0; request < 5; request += 1) pacer.request();
    assert.equal(frames.length, 1);
    frames.shift()?.();
    assert.equal(drawn, 1);
    pacer.request();
    assert.equal(frames.length, 1);
  });
});

/** Neighbours whose every question the test answers itself. */
function questions() {
  const asked: PromiseWithResolvers<GetLeaderboardResponse>[] = [];
  const stop = new AbortController();
  const neighbours = new Neighbours({
    ask: () => {
      const question = Promise.withResolvers<GetLeaderboardResponse>();
      asked.push(question);
      return question.promise;
    },
    changed: () => {},
    signal: stop.signal,
  });
  const settled = () => new Promise(setImmediate);
  const response = create(GetLeaderboardResponseSchema, { entries: [{ playerId: "ada" }] });
  return {
    neighbours,
    asked,
    stop,
    answer: () => {
      asked.at(-1)?.resolve(response);
      return settled();
    },
    fail: (error: ConnectError) => {
      asked.at(-1)?.reject(error);
      return settled();
    },
  };
}
