import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { freePort } from "../../test/servers/free-port.ts";
import { reasonOf } from "./reason.ts";

describe("the reason that a program gives for its end", () => {
  it("is what the error says, and its cause", () => {
    assert.equal(reasonOf(new Error("no ledger")), "no ledger");
    const cause = new Error("the disk is full");
    assert.equal(reasonOf(new Error("no ledger", { cause })), "no ledger (the disk is full)");
  });

  it("is the first try's when no address of a name took the connection", async () => {
    const port = await freePort();
    const addresses = ["127.0.0.1", "127.0.0.2"].map((address) => ({ address, family: 4 }));
    const socket = connect({
      host: "localhost",
      port,
      autoSelectFamily: true,
      lookup: (_name, _options, callback) => callback(null, addresses),
    });
    const [error] = await once(socket, "error").catch((error: unknown) => [error]);
    assert.ok(error instanceof AggregateError && error.message === "");
    const refused = `connect ECONNREFUSED 127.0.0.1:${port}`;
    assert.equal(reasonOf(error), refused);
    assert.equal(reasonOf(new Error("no ledger", { cause: error })), `no ledger (${refused})`);
  });

  it("is the code of an error that says nothing", () => {
    assert.equal(reasonOf(Object.assign(new Error(), { code: "EPIPE" })), "EPIPE");
    assert.equal(reasonOf(new Error()), "Error");
  });
});
