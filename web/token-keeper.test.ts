import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { tokenOf } from "./identity.ts";
import { RecentGames } from "./recent-games.ts";
import { guarded, type Storage } from "./storage.ts";
import { TokenKeeper } from "./token-keeper.ts";

class Memory extends Map<string, string> implements Storage {
  getItem(key: string) {
    return this.get(key) ?? null;
  }
  setItem(key: string, value: string) {
    this.set(key, value);
  }
  removeItem(key: string) {
    this.delete(key);
  }
}

const forbidden = guarded(() => {
  throw new DOMException("forbidden", "SecurityError");
});
const token = tokenOf(`e30.${btoa(JSON.stringify({ sub: "ada", exp: 100 }))}.x`);
assert.ok(token);

describe("a token keeper", () => {
  it("gives the token back after the tab was loaded again", () => {
    const storage = new Memory();
    new TokenKeeper(storage).keep(token);
    assert.equal(new TokenKeeper(storage).at(0)?.playerId, "ada");
  });

  it("drops a token that has expired", () => {
    const storage = new Memory();
    const tokens = new TokenKeeper(storage);
    tokens.keep(token);
    assert.equal(tokens.at(99_999)?.playerId, "ada");
    assert.equal(tokens.at(100_000), undefined);
    assert.equal(storage.size, 0);
  });

  it("holds the token in memory where storage is forbidden", () => {
    const tokens = new TokenKeeper(forbidden);
    tokens.keep(token);
    assert.equal(tokens.at(0)?.playerId, "ada");
    tokens.drop();
    assert.equal(tokens.at(0), undefined);
  });
});

describe("recent games", () => {
  it("are listed once each, the last one first, and at most 12", () => {
    const games = new RecentGames(new Memory());
    for (let game = 0; game < 20; game += 1) games.add(`game-${game}`);
    games.add("game-12");
    assert.deepEqual(games.list().slice(0, 3), ["game-12", "game-19", "game-18"]);
    assert.equal(games.list().length, 12);
  });

  it("are none where storage is forbidden or holds something else", () => {
    const games = new RecentGames(forbidden);
    games.add("demo");
    assert.deepEqual(games.list(), []);
    for (const text of ["{}", "nonsense", "null"]) {
      const storage = new Memory([["score.games", text]]);
      assert.deepEqual(new RecentGames(storage).list(), []);
    }
  });
});
