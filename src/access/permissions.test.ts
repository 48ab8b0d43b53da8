import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Role } from "../model/score-event.ts";
import type { Identity } from "./identity.ts";
import { mayAdminister, mayCreateGame, mayRead, maySubmit, mayTouchGame } from "./permissions.ts";

const roles: readonly Role[] = ["player", "server", "admin"];

const caller = (role: Role, games: Identity["games"] = new Set(["chess", "go"])): Identity => ({
  subject: "ada",
  role,
  games,
  expiresAt: Infinity,
});

const unauthenticated = { code: "unauthenticated", message: "a token is needed" };
const denied = (message: string) => ({ code: "permission_denied", message });

describe("a caller", () => {
  it("without a token may touch no game", () => {
    assert.throws(() => mayTouchGame(undefined, "chess"), unauthenticated);
    assert.throws(() => mayAdminister(undefined), unauthenticated);
  });

  for (const role of roles) {
    it(`with the role ${role} may touch the games of the token only`, () => {
      const identity = caller(role);
      for (const game of ["chess", "go"]) assert.equal(mayTouchGame(identity, game), identity);
      const everywhere = caller(role, "*");
      assert.equal(mayTouchGame(everywhere, "ludo"), everywhere);
      for (const game of ["ludo", "", "*", "ches"]) {
        assert.throws(
          () => mayTouchGame(identity, game),
          denied(`the token does not cover game ${game}`),
        );
      }
    });
  }

  it("with the role player may submit only their own actions", () => {
    const player = caller("player");
    maySubmit(player, { playerId: "ada", action: "win" });
    assert.throws(
      () => maySubmit(player, { playerId: "bo", action: "win" }),
      denied("a player may change only their own score"),
    );
    assert.throws(
      () => maySubmit(player, { playerId: "ada", action: undefined }),
      denied("a player may send actions, not points"),
    );
  });

  for (const role of ["server", "admin"] as const) {
    it(`with the role ${role} may submit for anybody, actions or points`, () => {
      maySubmit(caller(role), { playerId: "bo", action: "win" });
      maySubmit(caller(role), { playerId: "bo", action: undefined });
    });
  }

  it("creates a game by its first score only as a server", () => {
    assert.deepEqual(
      roles.map((role) => mayCreateGame(caller(role))),
      [false, true, false],
    );
  });

  it("administers only as an admin, and only the games of the token", () => {
    const admin = caller("admin");
    assert.equal(mayAdminister(admin), admin);
    assert.equal(mayAdminister(admin, "chess"), admin);
    assert.throws(() => mayAdminister(admin, "ludo"), denied("the token does not cover game ludo"));
    for (const role of ["player", "server"] as const) {
      for (const game of [undefined, "chess"]) {
        assert.throws(
          () => mayAdminister(caller(role, "*"), game),
          denied("the role admin is needed"),
        );
      }
    }
  });

  it("reads any game, unless reading is closed: then those of the token", () => {
    mayRead(undefined, "chess", true);
    mayRead(caller("player"), "ludo", true);
    mayRead(caller("player"), "chess", false);
    assert.throws(() => mayRead(undefined, "chess", false), unauthenticated);
    assert.throws(
      () => mayRead(caller("player"), "ludo", false),
      denied("the token does not cover game ludo"),
    );
  });

  it("with the role player is known by their name exactly", () => {
    for (const playerId of ["Ada", "ada2", ""]) {
      const attempt = () => maySubmit(caller("player"), { playerId, action: "win" });
      assert.throws(attempt, { code: "permission_denied" });
    }
  });
});
