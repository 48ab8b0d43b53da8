import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { fromRedisPlayer, toRedisPlayer } from "./redis-player.ts";

const playerIds = fc.stringMatching(/^[A-Za-z0-9\-_.:@]{1,128}$/);

describe("what Redis calls a player", () => {
  it("is 20 characters for a UUID, which come back as it was", () => {
    fc.assert(
      fc.property(fc.uuid(), (playerId) => {
        const name = toRedisPlayer(playerId);
        assert.equal(name.length, 20);
        assert.match(JSON.stringify(name), /^"[ !#-[\]-~]{20}"$/);
        assert.equal(fromRedisPlayer(name), playerId);
      }),
    );
  });

  for (const digit of ["0", "7", "f"]) {
    it(`comes back from a UUID of nothing but ${digit}`, () => {
      const playerId = "8-4-4-4-12".replace(/\d+/g, (length) => digit.repeat(Number(length)));
      assert.equal(fromRedisPlayer(toRedisPlayer(playerId)), playerId);
      assert.equal(toRedisPlayer(playerId).length, 20);
    });
  }

  it("is any other id as it is, and none of them is taken for a short form", () => {
    fc.assert(
      fc.property(fc.oneof(playerIds, fc.stringMatching(/^[A-Za-z0-9\-_.:@]{20}$/)), (playerId) => {
        assert.equal(toRedisPlayer(playerId), playerId);
        assert.equal(fromRedisPlayer(playerId), playerId);
      }),
    );
  });

  it("is an id as it is when it is a UUID in capitals", () => {
    const playerId = "5C899D7A-86C0-42FE-9E11-31B027CA7E47";
    assert.equal(toRedisPlayer(playerId), playerId);
  });

  it("is told apart for two UUIDs, whichever digit differs", () => {
    const hex = "5c899d7a86c042fe9e1131b027ca7e47";
    const withDash = (text: string) => text.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    const names = Array.from(hex, (digit, at) => {
      const other = digit === "0" ? "1" : "0";
      return toRedisPlayer(withDash(hex.slice(0, at) + other + hex.slice(at + 1)));
    });
    assert.equal(new Set([...names, toRedisPlayer(withDash(hex))]).size, 33);
  });

  it("stays as it is when it is no name of ours", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 20, maxLength: 20, unit: "binary-ascii" }), (name) => {
        const playerId = fromRedisPlayer(name);
        assert.equal(toRedisPlayer(playerId), name);
      }),
    );
  });
});
