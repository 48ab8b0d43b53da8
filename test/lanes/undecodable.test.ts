import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { Code } from "@connectrpc/connect";
import type { ServiceError } from "@grpc/grpc-js";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import type { RunningService } from "../../src/app/service.ts";
import { type Backend, startEmbedded } from "./backends.ts";
import { clientKinds } from "./clients.ts";
import { enveloped } from "./envelopes.ts";
import { newEvent } from "./games.ts";
import { GrpcClient } from "./grpc-client.ts";
import { startTestService, tokenFor } from "./test-service.ts";

describe("a request that can't be read", () => {
  let backend: Backend;
  let service: RunningService;
  let token: string;
  before(async () => {
    backend = await startEmbedded();
    service = await startTestService(backend);
    token = await tokenFor("server", "game-server");
  });
  after(async () => {
    await service?.close();
    await backend?.close();
  });

  for (const kind of clientKinds) {
    it(`because it is larger than 16 KiB is RESOURCE_EXHAUSTED, through ${kind.name}`, async () => {
      const client = kind.open(service);
      const { updateScore, updateScores } = ScoreService.method;
      const large = { gameId: "a-game", displayName: "x".repeat(16 * 1_024) };
      await assert.rejects(client.call(updateScore, newEvent(large), { token }), {
        code: Code.ResourceExhausted,
      });
      // A list as large as it may be is read.
      const event = { playerId: "p".repeat(128), displayName: "🦊".repeat(64) };
      const events = Array.from({ length: 1_000 }, () => newEvent(event));
      const { results } = await client.call(updateScores, { gameId: "a-game", events }, { token });
      assert.ok(results.every(({ outcome }) => outcome.case === "accepted"));
      client.close();
    });
  }

  describe("does not hold up the next one on its connection", () => {
    let agent: Agent;
    before(() => {
      agent = new Agent({ keepAlive: true, maxSockets: 1 });
    });
    after(() => agent.destroy());

    /** Resolves with the `grpc-status`; what is `late` follows the answer. */
    async function send(body: Uint8Array, late?: Uint8Array): Promise<string | undefined> {
      const call = request(
        `http://127.0.0.1:${service.httpPort}/score.v1.ScoreService/UpdateScore`,
        { agent, method: "POST", headers: { "content-type": "application/grpc-web+json" } },
      );
      const sent = once(call, "finish");
      if (late === undefined) call.end(body);
      else call.write(body);
      const [response] = await once(call, "response");
      const answer = await text(response);
      if (late !== undefined) call.end(late);
      await sent;
      return /grpc-status: (\d+)/.exec(answer)?.[1];
    }

    const none = Buffer.from("{}");
    const ofLength = (length: number) => Buffer.from(`{${" ".repeat(length)}}`);

    it("because it is too large, whenever its rest comes", async () => {
      const large = enveloped(ofLength(5 * 1_024 * 1_024));
      for (let round = 0; round < 5; round++) {
        assert.equal(await send(large), String(Code.ResourceExhausted));
        assert.equal(await send(enveloped(none)), String(Code.Unauthenticated));
        const [early, late] = [large.subarray(0, 100_000), large.subarray(100_000)];
        assert.equal(await send(early, late), String(Code.ResourceExhausted));
        assert.equal(await send(enveloped(none)), String(Code.Unauthenticated));
      }
    });

    it("because it is one of too many messages", async () => {
      const [one, large] = [enveloped(none), enveloped(ofLength(15_000))];
      for (let round = 0; round < 50; round++) {
        const answer = await send(Buffer.concat([one, large, large]));
        assert.equal(answer, String(Code.Unimplemented));
        assert.equal(await send(one), String(Code.Unauthenticated));
      }
    });
  });

  const truncated = Buffer.from([0xff, 0xff, 0xff]);

  it("because its bytes are no message is INVALID_ARGUMENT through gRPC, and harms nobody", async () => {
    const client = new GrpcClient(service.grpcPort);
    const failure = await new Promise<ServiceError | null>((resolve) =>
      client.raw.makeUnaryRequest(
        "/score.v1.ScoreService/UpdateScore",
        () => truncated,
        (bytes) => bytes,
        {},
        resolve,
      ),
    );
    assert.equal(failure?.code, Code.InvalidArgument);
    assert.equal(failure.details, "the request's bytes are no message");
    await client.call(ScoreService.method.updateScore, newEvent({ gameId: "a-game" }), { token });
    client.close();
  });

  for (const [body, problem] of [
    ["{", /cannot decode message score\.v1\.UpdateScoreRequest from JSON/],
    [`{"points":"many"}`, /many out of range/],
    [`{"occurredAt":"10000-01-01T00:00:00Z"}`, /invalid RFC 3339 string/],
  ] as const) {
    it(`because it is ${body} is INVALID_ARGUMENT as JSON, and harms nobody`, async () => {
      const post = (content: string) =>
        fetch(`http://127.0.0.1:${service.httpPort}/score.v1.ScoreService/UpdateScore`, {
          method: "POST",
          headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
          body: content,
        });
      const answer = await post(body);
      assert.equal(answer.status, 400);
      const { code, message } = (await answer.json()) as { code: string; message: string };
      assert.equal(code, "invalid_argument");
      assert.match(message, problem);
      const event = { gameId: "a-game", playerId: "ada", points: "1", actionId: body.length };
      assert.equal(
        (await post(JSON.stringify({ ...event, actionId: `a${body.length}` }))).status,
        200,
      );
    });
  }
});
