import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import { PlayerMap } from "./player-map.ts";

/** Long enough that a part has its own growth behind it. */
const players = 20_000;

describe("a map of players", () => {
  for (const [kind, idOf] of [
    ["numbers", (n: number) => `${n}`],
    ["a common beginning", (n: number) => `player-${n}`],
    ["a common end", (n: number) => `${n}@example`],
    ["UUIDs", () => randomUUID()],
    ["other letters", (n: number) => `игрок-${n}`],
  ] as const) {
    it(`holds the latest of each, with ids of ${kind}`, () => {
      const map = new PlayerMap<number>();
      const ids = Array.from({ length: players }, (_, n) => idOf(n));
      for (const [n, id] of ids.entries()) map.set(id, -n);
      for (const [n, id] of ids.entries()) map.set(id, n);
      assert.deepEqual(
        ids.map((id) => map.get(id)),
        ids.map((_, n) => n),
      );
      assert.equal(map.get("nobody"), undefined);
    });
  }
});
