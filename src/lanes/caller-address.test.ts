import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { callerAddress } from "./caller-address.ts";

describe("a caller's address", () => {
  it("is the connection's other end, whatever it says, unless that is trusted", () => {
    for (const trusted of [[], ["10.0.0.1"]]) {
      assert.equal(callerAddress(trusted)("192.0.2.9", "203.0.113.7"), "192.0.2.9");
    }
  });

  it("is the last one that a trusted proxy names and that is no trusted proxy", () => {
    const address = callerAddress(["127.0.0.1", "::1", "10.0.0.0/8"]);
    assert.equal(address("127.0.0.1", "203.0.113.7"), "203.0.113.7");
    assert.equal(address("::1", "2001:db8::7"), "2001:db8::7");
    assert.equal(address("::ffff:10.1.2.3", "203.0.113.7"), "203.0.113.7");
    assert.equal(address("10.1.2.3", "203.0.113.7, 10.4.5.6"), "203.0.113.7");
  });

  it("can't be forged by a header that the caller sent first", () => {
    const address = callerAddress(["127.0.0.1"]);
    assert.equal(address("127.0.0.1", "127.0.0.1, 1.2.3.4, 203.0.113.7"), "203.0.113.7");
  });

  it("is the proxy's own without the header", () => {
    assert.equal(callerAddress(["127.0.0.1"])("127.0.0.1", undefined), "127.0.0.1");
  });
});
