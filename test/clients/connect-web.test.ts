import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { BadRequestSchema, ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import {
  type Entry,
  ScoreService,
  type WatchLeaderboardResponse,
} from "../../gen/score/v1/score_pb.js";
import type { RunningService } from "../../src/app/service.ts";
import { type Backend, startEmbedded } from "../lanes/backends.ts";
import { startTestService, tokenFor } from "../lanes/test-service.ts";

const transports: Readonly<Record<string, (baseUrl: string) => Transport>> = {
  "Connect in JSON": (baseUrl) => createConnectTransport({ baseUrl }),
  "Connect in binary": (baseUrl) => createConnectTransport({ baseUrl, useBinaryFormat: true }),
  "gRPC-Web": (baseUrl) => createGrpcWebTransport({ baseUrl }),
};

describe("connect-web", { timeout: 120_000 }, () => {
  let backend: Backend;
  let service: RunningService;
  let headers: { readonly authorization: string };
  before(async () => {
    backend = await startEmbedded();
    service = await startTestService(backend);
    headers = { authorization: `Bearer ${await tokenFor("server", "web")}` };
  });
  after(async () => {
    await service?.close();
    await backend?.close();
  });

  for (const [name, open] of Object.entries(transports)) {
    const gameId = `game-${name.replaceAll(" ", "-")}`;
    const connect = () => createClient(ScoreService, open(`http://127.0.0.1:${service.httpPort}`));

    describe(`over ${name}`, () => {
      it("updates, reads and watches a board", async () => {
        const client = connect();
        const update = (playerId: string, points: bigint) => {
          const actionId = `${playerId}-${points}`;
          const what = { case: "points" as const, value: points };
          return client.updateScore({ gameId, playerId, actionId, what }, { headers });
        };
        const { duplicate, standings } = await update("ada", 5n);
        assert.equal(duplicate, false);
        assert.deepEqual(
          standings.map(({ boardId, score, rank }) => [boardId, score, rank]),
          [["main", 5n, 1n]],
        );
        assert.equal((await update("ada", 5n)).duplicate, true);
        assert.deepEqual(lines((await client.getLeaderboard({ gameId })).entries), ["1 ada 5"]);

        const left = new AbortController();
        const { signal } = left;
        const frames = client.watchLeaderboard({ gameId }, { signal })[Symbol.asyncIterator]();
        try {
          assert.deepEqual(lines((await nextState(frames)).entries), ["1 ada 5"]);
          await update("bo", 7n);
          assert.deepEqual(lines((await nextState(frames)).entries), ["1 bo 7", "2 ada 5"]);
        } finally {
          left.abort();
        }
        await assert.rejects(frames.next(), { code: Code.Canceled });
      });

      it("tells an error's code, message and details", async () => {
        const client = connect();
        for (const call of [
          client.getLeaderboard({ gameId, limit: 101 }),
          client.watchLeaderboard({ gameId, limit: 101 })[Symbol.asyncIterator]().next(),
        ]) {
          const error = await call.then(
            () => assert.fail("not refused"),
            (reason) => ConnectError.from(reason),
          );
          assert.equal(error.code, Code.InvalidArgument);
          assert.equal(error.rawMessage, "limit must be 1 to 100");
          const [info] = error.findDetails(ErrorInfoSchema);
          assert.deepEqual([info?.reason, info?.domain], ["INVALID_REQUEST", "score.v1"]);
          const [bad] = error.findDetails(BadRequestSchema);
          assert.deepEqual(
            bad?.fieldViolations.map(({ field, description }) => [field, description]),
            [["limit", "must be 1 to 100"]],
          );
        }
      });
    });
  }
});

/** The next frame that is no heartbeat: a slow machine may see one. */
async function nextState(
  frames: AsyncIterator<WatchLeaderboardResponse>,
): Promise<WatchLeaderboardResponse> {
  for (;;) {
    const { done, value } = await frames.next();
    if (done) throw new Error("the watch ended");
    if (!value.heartbeat) return value;
  }
}

function lines(entries: readonly Entry[]): string[] {
  return entries.map(({ rank, playerId, score }) => `${rank} ${playerId} ${score}`);
}
