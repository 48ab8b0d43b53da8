import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { ScoreService, UpdateScoreRequestSchema } from "../../gen/score/v1/score_pb.js";
import { type EnvoyScene, openEnvoyScene } from "../envoy/envoy-scene.ts";
import { eventually } from "../lanes/eventually.ts";
import { newEvent, newGame } from "../lanes/games.ts";
import { tokenFor } from "../lanes/test-service.ts";
import { assertHidden } from "./planted-secrets.ts";
import { type RawHeaders, rawGrpc, rawPost } from "./raw-calls.ts";
import { rawHttp2 } from "./raw-http2.ts";

const updateScore = "/score.v1.ScoreService/UpdateScore";

/** `V` stands for a token that is valid. */
const refused: readonly (readonly string[])[] = [
  [""],
  ["V"],
  ["Bearer"],
  ["Bearer  V"],
  ["Bearer\tV"],
  ["Bearer\u00a0V"],
  ["Bearer V V"],
  ["Bearer V,"],
  ["Bearer V, Bearer V"],
  ["Bearer V; x=y"],
  ["Bearer, V"],
  ["Bearer=V"],
  ["Bearer:V"],
  ['Bearer "V"'],
  ['"Bearer V"'],
  ["Bearer Bearer V"],
  ["Token V"],
  ["JWT V"],
  ["Basic V"],
  ["Bearerr V"],
  ["Bеarer V"],
  ["Bearer V%00"],
  ["Bearer%20V"],
];

const taken = [["Bearer V"], ["bearer V"], ["BEARER V"], ["bEaReR V"]];

describe("an authorization header", () => {
  let scene: EnvoyScene;
  let valid: string;
  let restPath: string;
  before(async () => {
    scene = await openEnvoyScene();
    valid = await tokenFor("server", "game-server");
    restPath = `/v1/games/${await newGame(scene.caller)}/scores`;
  });
  after(() => scene?.close());

  const headersOf = (values: readonly string[]): RawHeaders =>
    values.map((value) => ["authorization", value.replaceAll("V", valid)]);

  /** 401, or 400 for the empty event, through every way in. */
  const statuses = async (values: readonly string[]) => {
    const { service, envoy } = scene;
    const headers = headersOf(values);
    const answers = await Promise.all([
      rawPost(service.httpPort, updateScore, headers),
      rawPost(envoy.port, updateScore, headers),
      rawPost(envoy.port, restPath, headers),
    ]);
    return answers.map(({ status }) => status);
  };
  const grpcStatuses = async (values: readonly string[]) => {
    const ports = [scene.service.grpcPort, scene.envoy.port];
    const headers = headersOf(values);
    const answers = await Promise.all(ports.map((port) => rawGrpc({ port }, updateScore, headers)));
    return answers.map(({ grpcStatus }) => grpcStatus);
  };

  // What is beyond Latin-1 goes out as the bytes of UTF-8.
  const onTheWire = (values: readonly string[]) =>
    values.map((value) => Buffer.from(value).toString("latin1"));

  for (const values of refused) {
    it(`that says ${JSON.stringify(values[0])} opens nothing`, async () => {
      assert.deepEqual(await statuses(onTheWire(values)), [401, 401, 401]);
      assert.deepEqual(await grpcStatuses(onTheWire(values)), ["16", "16"]);
    });
  }

  for (const values of taken) {
    it(`that says ${JSON.stringify(values[0])} is taken`, async () => {
      assert.deepEqual(await statuses(values), [400, 400, 400]);
      assert.deepEqual(await grpcStatuses(values), ["3", "3"]);
    });
  }

  for (const values of [
    ["Bearer V", "Bearer x"],
    ["Bearer x", "Bearer V"],
    ["Bearer V", "Bearer V"],
  ]) {
    it(`counts for nothing when there are two: ${JSON.stringify(values)}`, async () => {
      assert.deepEqual(await statuses(values), [401, 401, 401]);
    });
  }

  it("counts as the first says when there are two on the gRPC port itself", async () => {
    const gameId = await newGame(scene.caller);
    const twice = async (playerId: string, values: readonly string[]) => {
      const event = create(UpdateScoreRequestSchema, newEvent({ gameId, playerId }));
      const message = toBinary(UpdateScoreRequestSchema, event);
      await rawHttp2(scene.service.grpcPort, updateScore, { headers: headersOf(values), message });
      const { getStanding } = ScoreService.method;
      const { client } = scene.caller;
      return client.call(getStanding, { gameId, playerId }).then(
        () => true,
        () => false,
      );
    };
    assert.equal(await twice("ada", ["Bearer V", "Bearer x"]), true);
    assert.equal(await twice("bo", ["Bearer x", "Bearer V"]), false);
    assert.equal(await twice("cy", ["", "Bearer V"]), false);
  });

  it("is looked for nowhere else", async () => {
    const event = newEvent({ gameId: "demo" });
    const body = JSON.stringify({ ...event, what: undefined, points: 1, token: valid });
    const headers: RawHeaders = [
      ["cookie", `authorization=Bearer ${valid}; token=${valid}`],
      ["proxy-authorization", `Bearer ${valid}`],
      ["x-authorization", `Bearer ${valid}`],
      ["x-forwarded-authorization", `Bearer ${valid}`],
    ];
    for (const query of ["", `?access_token=${valid}`, `?authorization=Bearer%20${valid}`]) {
      const { service, envoy } = scene;
      for (const port of [service.httpPort, envoy.port]) {
        const { status, body: answer } = await rawPost(
          port,
          `${updateScore}${query}`,
          headers,
          body,
        );
        assert.ok(status === 401 || status === 400, `${status} ${answer}`);
      }
    }
    const answers = [scene.service.grpcPort, scene.envoy.port].map((port) =>
      rawGrpc({ port }, updateScore, headers),
    );
    for (const { grpcStatus } of await Promise.all(answers)) assert.equal(grpcStatus, "16");
  });

  it("is not in Envoy's log, nor is what the query of an address held", async () => {
    const lines = async () => (await scene.envoy.log()).split("\n");
    const isLogged = (line: string) => line.includes(updateScore) && line.includes('"status":401');
    await eventually("the calls are logged", async () => (await lines()).some(isLogged));
    assertHidden("Envoy's log", await scene.envoy.log(), [valid, valid.split(".").at(-1) ?? ""]);
  });
});
