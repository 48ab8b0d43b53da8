import { it } from "node:test";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { signToken } from "../../src/access/token-signer.ts";
import { newGame, submit } from "./games.ts";
import { describeLanes } from "./lane-suite.ts";
import { assertRefused, unauthenticated } from "./refusal.ts";
import { tokenFor } from "./test-service.ts";

const notValid = unauthenticated("the token is not valid");

describeLanes("a call's token", (lane) => {
  it("is needed to submit", async () => {
    await assertRefused(submit(lane, { gameId: "a-game" }, {}), unauthenticated());
  });

  it("must come as a bearer token", async () => {
    const refusal = unauthenticated("authorization must be: Bearer <token>");
    const token = await tokenFor("server", "game-server");
    for (const authorization of [token, `Basic ${token}`, "Bearer", `Bearer ${token} ${token}`]) {
      await assertRefused(submit(lane, { gameId: "a-game" }, { authorization }), refusal);
    }
    await submit(lane, { gameId: await newGame(lane) }, { authorization: `bearer ${token}` });
  });

  it("must be one", async () => {
    const token = await tokenFor("server", "game-server");
    for (const wrong of [
      "nonsense",
      "a.b.c",
      `${token}x`,
      token.split(".").slice(0, 2).join("."),
    ]) {
      await assertRefused(submit(lane, { gameId: "a-game" }, { token: wrong }), notValid);
    }
  });

  it("must be signed with the service's secret", async () => {
    const secret = new TextEncoder().encode("another secret that nobody knows of here");
    const token = await signToken(secret, {
      role: "admin",
      subject: "eve",
      game: "*",
      expiresIn: "1h",
    });
    await assertRefused(submit(lane, { gameId: "a-game" }, { token }), notValid);
  });

  it("must not have expired", async () => {
    const token = await tokenFor("server", "game-server", "*", "-1s");
    const refusal = unauthenticated("the token has expired");
    await assertRefused(submit(lane, { gameId: "a-game" }, { token }), refusal);
  });

  it("must be valid if there is one, even where none is needed", async () => {
    const gameId = await newGame(lane);
    const { getLeaderboard } = ScoreService.method;
    await lane.client.call(getLeaderboard, { gameId });
    await assertRefused(lane.client.call(getLeaderboard, { gameId }, { token: "x" }), notValid);
    const watch = lane.client.watch(
      ScoreService.method.watchLeaderboard,
      { gameId },
      { token: "x" },
    );
    await assertRefused(watch.next(), notValid);
  });
});
