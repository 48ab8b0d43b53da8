import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ScoreService, type StreamScoresResponse } from "../../gen/score/v1/score_pb.js";
import type { RunningService } from "../../src/app/service.ts";
import { type Backend, backendKinds } from "./backends.ts";
import { type Caller, type EventFields, newEvent, newGame } from "./games.ts";
import { GrpcClient, type ScoreStream, toCallError } from "./grpc-client.ts";
import { CallError } from "./lane-client.ts";
import { assertIs, assertRefused, denied, invalid, unauthenticated } from "./refusal.ts";
import { startTestService, tokenFor } from "./test-service.ts";

for (const backendKind of backendKinds) {
  describe(`StreamScores over gRPC, ${backendKind.name}`, () => {
    let backend: Backend;
    let service: RunningService;
    let client: GrpcClient;
    let caller: Caller;
    before(async () => {
      backend = await backendKind.start();
      service = await startTestService(backend);
      client = new GrpcClient(service.grpcPort);
      caller = {
        client,
        server: { token: await tokenFor("server", "game-server") },
        admin: { token: await tokenFor("admin", "operator") },
      };
    });
    after(async () => {
      client?.close();
      await service?.close();
      await backend?.close();
    });

    it("acknowledges each of 4,000 events in flight once, then ends", async () => {
      const gameId = await newGame(caller);
      const ids = Array.from({ length: 4_000 }, (_, index) => `action-${index}`);
      const stream = client.stream(caller.server);
      for (const actionId of ids) write(stream, { gameId, actionId });
      stream.end();
      const answers = await Array.fromAsync<StreamScoresResponse>(stream);
      assert.deepEqual(answers.map(({ actionId }) => actionId).sort(), ids.sort());
      const scores = answers.map((answer) => accepted(answer).standings[0]?.score ?? 0n);
      // Each step of the player's sum was somebody's answer: nothing was lost or counted twice.
      assert.deepEqual(
        scores.sort((a, b) => Number(a - b)),
        ids.map((_, index) => BigInt(index + 1)),
      );
    });

    it("answers while it stays open, and a retry as a duplicate", async () => {
      const gameId = await newGame(caller);
      const stream = client.stream(caller.server);
      const answers = answersOf(stream);
      for (const duplicate of [false, true]) {
        write(stream, { gameId, actionId: "same" });
        assert.equal(accepted((await answers.next()).value).duplicate, duplicate);
      }
      stream.end();
      assert.equal((await answers.next()).done, true);
    });

    it("answers a refused event alone, with the error that UpdateScore would have", async () => {
      const gameId = await newGame(caller);
      const stream = client.stream({ token: await tokenFor("server", "game-server", gameId) });
      const answers = answersOf(stream);
      write(stream, { gameId, actionId: "" });
      assertRefusal((await answers.next()).value, invalid({ action_id: "is required" }));
      write(stream, { gameId: "elsewhere", actionId: "x" });
      assertRefusal(
        (await answers.next()).value,
        denied("the token does not cover game elsewhere"),
      );
      write(stream, { gameId, actionId: "good" });
      const { value } = await answers.next();
      assert.equal(value.actionId, "good");
      accepted(value);
      stream.end();
      assert.equal((await answers.next()).done, true);
    });

    it("takes events of several games", async () => {
      const games = await Promise.all([newGame(caller), newGame(caller)]);
      const stream = client.stream(caller.server);
      for (const gameId of games) write(stream, { gameId, actionId: `in-${gameId}` });
      stream.end();
      const answers = await Array.fromAsync<StreamScoresResponse>(stream);
      for (const answer of answers) assert.equal(accepted(answer).standings[0]?.score, 1n);
      assert.deepEqual(
        answers.map(({ actionId }) => actionId).sort(),
        games.map((gameId) => `in-${gameId}`).sort(),
      );
    });

    it("ends at once without a token", async () => {
      const answer = answersOf(client.stream()).next();
      const failed = answer.catch((error) => Promise.reject(toCallError(error)));
      await assertRefused(failed, unauthenticated());
    });

    it("counts what was sent before the client went away at most once", async () => {
      const gameId = await newGame(caller);
      const stream = client.stream(caller.server);
      stream.on("error", () => {});
      for (let index = 0; index < 500; index++) {
        write(stream, { gameId, playerId: `player-${index}`, actionId: `action-${index}` });
      }
      await answersOf(stream).next();
      stream.cancel();
      const again = client.stream(caller.server);
      for (let index = 0; index < 500; index++) {
        write(again, { gameId, playerId: `player-${index}`, actionId: `action-${index}` });
      }
      again.end();
      const answers = await Array.fromAsync<StreamScoresResponse>(again);
      assert.equal(answers.length, 500);
      for (const answer of answers) assert.equal(accepted(answer).standings[0]?.score, 1n);
    });

    it("is refused over Connect on HTTP/1.1, which can't carry both directions at once", async () => {
      const { name, parent } = ScoreService.method.streamScores;
      const url = `http://127.0.0.1:${service.httpPort}/${parent.typeName}/${name}`;
      const answer = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/connect+json" },
        body: "",
      });
      assert.equal(answer.status, 505);
    });
  });
}

function write(stream: ScoreStream, event: EventFields): void {
  stream.write(newEvent(event));
}

function answersOf(stream: ScoreStream): AsyncIterator<StreamScoresResponse> {
  return stream[Symbol.asyncIterator]();
}

function accepted({ outcome }: StreamScoresResponse) {
  assert.equal(outcome.case, "accepted");
  return outcome.value;
}

function assertRefusal(
  { outcome }: StreamScoresResponse,
  refusal: Parameters<typeof assertIs>[1],
): void {
  assert.equal(outcome.case, "error");
  const { code, message, details } = outcome.value;
  assertIs(new CallError(code, message, details), refusal);
}
