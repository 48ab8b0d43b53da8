import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { Code } from "@connectrpc/connect";
import { pino } from "pino";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import type { GameCatalog } from "../../src/service/game-catalog.ts";
import { type BareLanes, openBareLanes } from "./bare-lanes.ts";
import { clientKinds } from "./clients.ts";
import { newEvent } from "./games.ts";
import { GrpcClient } from "./grpc-client.ts";
import { CallError } from "./lane-client.ts";
import { tokenFor } from "./test-service.ts";

const secretCause = "relation score_event: password hunter2";

const broken = () => {
  throw new TypeError(secretCause);
};

const catalog = { find: broken, board: broken } as unknown as GameCatalog;

interface LogLine {
  readonly reference: string;
  readonly method: string;
  readonly err: { readonly message: string; readonly stack: string };
}

describe("an unknown failure", () => {
  const lines: LogLine[] = [];
  let lanes: BareLanes;
  let webRoot: string;
  before(async () => {
    const log = pino({ level: "trace" }, { write: (line) => lines.push(JSON.parse(line)) });
    webRoot = await mkdtemp(join(tmpdir(), "score-test-"));
    lanes = await openBareLanes({ rooms: { catalog }, log, webRoot });
  });
  after(async () => {
    await lanes?.close();
    await rm(webRoot, { recursive: true });
  });
  beforeEach(() => {
    lines.length = 0;
  });

  const server = async () => ({ token: await tokenFor("server", "game-server") });

  /** The caller learns a reference; the log has the same, with the cause. */
  const assertInternal = (error: unknown, method: string) => {
    assert.ok(error instanceof CallError, `${error}`);
    assert.equal(Code[error.code], "Internal");
    const reference = /^internal error; reference ([0-9a-f-]{36})$/.exec(error.message)?.[1];
    assert.ok(reference, error.message);
    assert.deepEqual(error.details, [
      {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        reason: "INTERNAL",
        domain: "score.v1",
      },
      { "@type": "type.googleapis.com/google.rpc.RequestInfo", requestId: reference },
    ]);
    const logged = lines.filter((line) => line.reference === reference);
    assert.equal(logged.length, 1);
    assert.equal(logged[0]?.method, method);
    assert.equal(logged[0]?.err.message, secretCause);
    assert.match(logged[0]?.err.stack, /internal-errors\.test\.ts/);
  };

  for (const kind of clientKinds) {
    it(`is told as a reference that the log repeats, through ${kind.name}`, async () => {
      const client = kind.open(lanes);
      const { getLeaderboard, updateScore, watchLeaderboard } = ScoreService.method;
      const gameId = "a-game";
      const options = await server();
      const calls: Record<string, () => Promise<unknown>> = {
        GetLeaderboard: () => client.call(getLeaderboard, { gameId }),
        UpdateScore: () => client.call(updateScore, newEvent({ gameId }), options),
        WatchLeaderboard: () => client.watch(watchLeaderboard, { gameId }).next(),
      };
      for (const [method, call] of Object.entries(calls)) {
        assertInternal(await call().catch((error) => error), method);
      }
      client.close();
    });

    it(`of one event of a list is told in its place, through ${kind.name}`, async () => {
      const client = kind.open(lanes);
      const { results } = await client.call(
        ScoreService.method.updateScores,
        { gameId: "a-game", events: [newEvent({ actionId: "" }), newEvent({})] },
        await server(),
      );
      assert.equal(results.length, 2);
      const error = results[1]?.outcome;
      assert.equal(error?.case, "error");
      const { code, message, details } = error.value;
      assertInternal(new CallError(code, message, details), "UpdateScores");
      client.close();
    });
  }

  it("of one event on a pipe is told in its acknowledgement", async () => {
    const client = new GrpcClient(lanes.grpcPort);
    const stream = client.stream(await server());
    stream.end(newEvent({ gameId: "a-game" }));
    const [answer] = await Array.fromAsync(stream);
    assert.equal(answer?.outcome.case, "error");
    const { code, message, details } = answer.outcome.value;
    assertInternal(new CallError(code, message, details), "StreamScores");
    client.close();
  });
});
