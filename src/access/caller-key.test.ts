import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { callerKey, networkOf } from "./caller-key.ts";
import type { Identity } from "./identity.ts";

const identity = (role: Identity["role"], subject = "ada"): Identity => ({
  subject,
  role,
  expiresAt: Number.POSITIVE_INFINITY,
  games: "*",
});

describe("whose share a caller takes from", () => {
  it("is the player's, wherever they call from", () => {
    const here = callerKey(identity("player"), "192.0.2.1");
    assert.equal(callerKey(identity("player"), "192.0.2.2"), here);
    assert.notEqual(callerKey(identity("player", "bob"), "192.0.2.1"), here);
  });

  it("is not that of another game's player who is called the same", () => {
    const of = (...games: string[]) =>
      callerKey({ ...identity("player"), games: new Set(games) }, "192.0.2.1");
    assert.notEqual(of("chess"), of("go"));
    assert.notEqual(of("chess"), callerKey(identity("player"), "192.0.2.1"));
    assert.equal(of("chess", "go"), of("go", "chess"));
  });

  it("is the address's without a token, and never that of a player who is called so", () => {
    const anonymous = callerKey(undefined, "192.0.2.1");
    assert.notEqual(callerKey(undefined, "192.0.2.2"), anonymous);
    assert.notEqual(callerKey(identity("player", "192.0.2.1"), "192.0.2.1"), anonymous);
  });

  it("is nobody's for game servers and operators", () => {
    assert.equal(callerKey(identity("server"), "192.0.2.1"), undefined);
    assert.equal(callerKey(identity("admin"), "192.0.2.1"), undefined);
  });
});

describe("what counts as one address", () => {
  for (const [address, network] of [
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:DB8:0001:2::", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["", ""],
    ["unknown", "unknown"],
  ] as const) {
    it(`is ${JSON.stringify(network)} for ${JSON.stringify(address)}`, () => {
      assert.equal(networkOf(address), network);
    });
  }
});
