import assert from "node:assert/strict";
import { it } from "node:test";
import { AdminService } from "../../gen/score/v1/admin_pb.js";
import { embedded } from "../lanes/backends.ts";
import { newGame, submit } from "../lanes/games.ts";
import { describeLanes } from "../lanes/lane-suite.ts";
import { assertRefused, denied, unauthenticated } from "../lanes/refusal.ts";
import { tokenFor } from "../lanes/test-service.ts";

const { getGame } = AdminService.method;
const adminNeeded = denied("the role admin is needed");

describeLanes(
  "somebody whose token is replaced",
  (lane) => {
    it("has another role at once, and the old token says what it said", async () => {
      const gameId = await newGame(lane);
      const [server, admin] = [await tokenFor("server", "ada"), await tokenFor("admin", "ada")];
      for (let turn = 0; turn < 3; turn++) {
        await assertRefused(lane.client.call(getGame, { gameId }, { token: server }), adminNeeded);
        const { game } = await lane.client.call(getGame, { gameId }, { token: admin });
        assert.equal(game?.gameId, gameId);
      }
    });

    it("is in another game at once, and no longer in the old one by the new token", async () => {
      const [one, two] = [await newGame(lane), await newGame(lane)];
      const before = await tokenFor("server", "ada", one);
      const since = await tokenFor("server", "ada", two);
      for (let turn = 0; turn < 3; turn++) {
        for (const [token, own, other] of [
          [before, one, two],
          [since, two, one],
        ] as const) {
          await submit(lane, { gameId: own }, { token });
          const refusal = denied(`the token does not cover game ${other}`);
          await assertRefused(submit(lane, { gameId: other }, { token }), refusal);
        }
      }
    });

    it("is another player at once", async () => {
      const actions = [{ action: "win", points: 1n }];
      const gameId = await newGame(lane, { actions });
      const what = { case: "action", value: "win" } as const;
      for (const [name, another] of [
        ["ada", "bo"],
        ["bo", "ada"],
      ] as const) {
        const token = await tokenFor("player", name, gameId);
        await submit(lane, { gameId, playerId: name, what }, { token });
        await assertRefused(
          submit(lane, { gameId, playerId: another, what }, { token }),
          denied("a player may change only their own score"),
        );
      }
    });

    it("does not get the rights of a token that was seen by changing a part of it", async () => {
      const gameId = await newGame(lane);
      const [server, admin] = [await tokenFor("server", "ada"), await tokenFor("admin", "ada")];
      for (const token of [server, admin]) await submit(lane, { gameId }, { token });
      const [header, payload, signature] = admin.split(".");
      const [, serverPayload, serverSignature] = server.split(".");
      for (const token of [
        `${header}.${payload}.${serverSignature}`,
        `${header}.${serverPayload}.${signature}`,
        `${header}.${payload}.${signature?.slice(0, -1)}`,
        `${header}.${payload}.`,
      ]) {
        await assertRefused(
          lane.client.call(getGame, { gameId }, { token }),
          unauthenticated("the token is not valid"),
        );
      }
    });
  },
  { backends: [embedded], env: { SCORE_PLAYER_UPDATES_PER_SECOND: "0" } },
);
