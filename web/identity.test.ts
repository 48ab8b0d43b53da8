import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { identityOf } from "./identity.ts";

function jwt(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "HS256" })}.${part(claims)}.c2lnbmF0dXJl`;
}

describe("the text of the me field", () => {
  it("is a player id", () => {
    assert.deepEqual(identityOf(" ada-1 "), { playerId: "ada-1", token: undefined });
    assert.deepEqual(identityOf(""), { playerId: "", token: undefined });
  });

  it("may be a token, whose `sub` is the player", () => {
    const token = jwt({ sub: "ada", exp: 1_800_000_000 });
    for (const text of [token, `Bearer ${token}`, `bearer  ${token}\n`]) {
      const identity = identityOf(text);
      assert.equal(identity?.playerId, "ada");
      assert.equal(identity?.token?.jwt, token);
      assert.equal(identity?.token?.expiresAt, 1_800_000_000_000);
    }
  });

  it("never expires by a token that names no end", () => {
    assert.equal(identityOf(jwt({ sub: "ada" }))?.token?.expiresAt, Number.POSITIVE_INFINITY);
  });

  it("is refused when it is neither", () => {
    for (const text of ["two words", "eyJ.eyJ.x", jwt({}), jwt({ sub: "two words" }), "a/b"]) {
      assert.equal(identityOf(text), undefined, text);
    }
  });
});
