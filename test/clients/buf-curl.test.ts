import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import type { RunningService } from "../../src/app/service.ts";
import { type Backend, startEmbedded } from "../lanes/backends.ts";
import { CallError } from "../lanes/lane-client.ts";
import { assertIs, invalid } from "../lanes/refusal.ts";
import { startTestService, tokenFor } from "../lanes/test-service.ts";
import { bufCurl, bufCurlFrames } from "./buf-curl.ts";

interface Shown {
  readonly entries?: readonly Readonly<Record<"playerId" | "score" | "rank", string>>[];
}

describe("buf curl", { timeout: 120_000 }, () => {
  let backend: Backend;
  let service: RunningService;
  let token: string;
  before(async () => {
    backend = await startEmbedded();
    service = await startTestService(backend);
    token = await tokenFor("server", "buf");
  });
  after(async () => {
    await service?.close();
    await backend?.close();
  });

  const grpcUrl = () => `http://127.0.0.1:${service.grpcPort}`;
  const webUrl = () => `http://127.0.0.1:${service.httpPort}`;
  const reflecting = ["--protocol", "grpc", "--http2-prior-knowledge"];

  it("lists the services by reflection", async () => {
    const { exitCode, stdout, stderr } = await bufCurl([
      ...reflecting,
      "--list-services",
      grpcUrl(),
    ]);
    assert.equal(exitCode, 0, stderr);
    const services = stdout.trim().split("\n");
    for (const service of ["score.v1.AdminService", "score.v1.ScoreService"]) {
      assert.ok(services.includes(service), stdout);
    }
  });

  for (const { name, flags, url } of [
    { name: "gRPC and reflection", flags: reflecting, url: grpcUrl },
    {
      name: "Connect",
      flags: ["--protocol", "connect", "--schema", "proto"],
      url: webUrl,
    },
    {
      name: "gRPC-Web",
      flags: ["--protocol", "grpcweb", "--schema", "proto"],
      url: webUrl,
    },
  ]) {
    const gameId = `game-${name.replaceAll(" ", "-")}`;
    const call = (method: string, request: object) => [
      ...flags,
      "--header",
      `authorization: Bearer ${token}`,
      "--data",
      JSON.stringify(request),
      `${url()}/score.v1.ScoreService/${method}`,
    ];
    const update = async (playerId: string, points: string) => {
      const event = { gameId, playerId, points, actionId: `${playerId}-${points}` };
      const { exitCode, stdout, stderr } = await bufCurl(call("UpdateScore", event));
      assert.equal(exitCode, 0, stderr);
      return JSON.parse(stdout);
    };

    describe(`over ${name}`, () => {
      it("updates, reads and watches a board", async () => {
        const { standings } = await update("ada", "5");
        assert.deepEqual(standings, [{ boardId: "main", score: "5", rank: "1" }]);

        const page = await bufCurl(call("GetLeaderboard", { gameId }));
        assert.equal(page.exitCode, 0, page.stderr);
        assert.deepEqual(lines(JSON.parse(page.stdout)), ["1 ada 5"]);

        const frames = bufCurlFrames(call("WatchLeaderboard", { gameId }));
        try {
          assert.deepEqual(lines(await nextState(frames)), ["1 ada 5"]);
          await update("bo", "7");
          assert.deepEqual(lines(await nextState(frames)), ["1 bo 7", "2 ada 5"]);
        } finally {
          await frames.return(undefined);
        }
      });

      it("tells an error's code, message and details", async () => {
        const { exitCode, stdout, stderr } = await bufCurl(
          call("GetLeaderboard", { gameId, limit: 101 }),
        );
        assert.equal(exitCode, Code.InvalidArgument << 3);
        assert.equal(stdout, "");
        const said = JSON.parse(stderr);
        assert.equal(said.code, "invalid_argument");
        const error = new CallError(Code.InvalidArgument, said.message, said.details.map(unpacked));
        assertIs(error, invalid({ limit: "must be 1 to 100" }));
      });
    });
  }
});

/** The next frame that is no heartbeat: a slow machine may see one. */
async function nextState(frames: AsyncGenerator<unknown>): Promise<Shown> {
  for (;;) {
    const { value } = await frames.next();
    if (!value.heartbeat) return value;
  }
}

function lines({ entries = [] }: Shown): string[] {
  return entries.map(({ rank, playerId, score }) => `${rank} ${playerId} ${score}`);
}

function unpacked({ type, value }: { type: string; value: string }) {
  return create(AnySchema, {
    typeUrl: `type.googleapis.com/${type}`,
    value: Buffer.from(value, "base64"),
  });
}
