import assert from "node:assert/strict";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, describe, it, mock } from "node:test";
import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { PutGameRequestSchema } from "../../gen/score/v1/admin_pb.js";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import type { RunningService } from "../../src/app/service.ts";
import { type Backend, startEmbedded } from "../lanes/backends.ts";
import { type Certificate, makeCertificate } from "../lanes/certificate.ts";
import { enveloped } from "../lanes/envelopes.ts";
import { eventually } from "../lanes/eventually.ts";
import { newEvent } from "../lanes/games.ts";
import { GrpcClient } from "../lanes/grpc-client.ts";
import { startTestService, tokenFor } from "../lanes/test-service.ts";
import { RawGrpc } from "./grpc-call.ts";
import { RawHttp, RawSecureHttp } from "./http-call.ts";
import { RawHttp2 } from "./http2-call.ts";
import { nameOf, type Outcome } from "./outcome.ts";

const read = "/score.v1.ScoreService/GetLeaderboard";
const check = "/grpc.health.v1.Health/Check";
const watchHealth = "/grpc.health.v1.Health/Watch";
const reflect = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

/** A message whose only field, the first, is this text. */
const withText = (text: string) => {
  const bytes = Buffer.from(text);
  const length = [];
  for (let rest = bytes.length; length.length === 0 || rest > 0; rest >>= 7) {
    length.push((rest & 127) | (rest > 127 ? 128 : 0));
  }
  return enveloped(Buffer.concat([Buffer.from([0x0a, ...length]), bytes]));
};

const none = new Uint8Array();
const longest = { "grpc-timeout": "600H" };

const notUnderstood = enveloped(Buffer.from([0xff]));

/** A message that says of itself to be packed. */
const packed = (content: Uint8Array) => {
  const bytes = enveloped(content);
  bytes[0] = 1;
  return bytes;
};

describe("a mistake of the caller that fuzzing found", () => {
  let backend: Backend;
  let service: RunningService;
  let grpc: RawGrpc;
  let http: RawHttp;
  let authorization: string;
  before(async () => {
    backend = await startEmbedded();
    service = await startTestService(backend);
    grpc = new RawGrpc(service.grpcPort);
    http = new RawHttp(service.httpPort);
    authorization = `Bearer ${await tokenFor("server", "game-server")}`;
  });
  after(async () => {
    grpc?.close();
    http?.close();
    await service?.close();
    await backend?.close();
  });

  const post = (type: string, body: Uint8Array | string, headers = {}) =>
    http.call({
      path: read,
      headers: { "content-type": type, ...headers },
      body: Buffer.from(body),
    });

  for (const host of ["%%%", "a b", "["]) {
    it(`a Host that is none (${host}) is HTTP 400 and does not end the process`, async () => {
      const outcome = await post("application/json", "{}", { host });
      assert.equal(nameOf(outcome), "HTTP 400");
      assert.equal(nameOf(await post("application/json", "{}")), "INVALID_ARGUMENT");
    });
  }

  it("no Host at all, as in HTTP/1.0, is HTTP 400 and does not end the process", async () => {
    const socket = connect(service.httpPort, "127.0.0.1");
    socket.end(`POST ${read} HTTP/1.0\r\ncontent-type: application/json\r\n\r\n`);
    assert.match(await text(socket), /^HTTP\/1\.1 400 /);
    assert.equal(nameOf(await post("application/json", "{}")), "INVALID_ARGUMENT");
  });

  it("an event that can't be read ends a stream with INVALID_ARGUMENT, after the answers to the others", async () => {
    const client = new GrpcClient(service.grpcPort);
    await client.call(ScoreService.method.updateScore, newEvent({ gameId: "a-game" }), {
      authorization,
    });
    client.close();
    const { input } = ScoreService.method.streamScores;
    const good = enveloped(toBinary(input, create(input, newEvent({ gameId: "a-game" }))));
    const outcome = await grpc.call({
      path: "/score.v1.ScoreService/StreamScores",
      headers: { authorization },
      body: Buffer.concat([good, good, notUnderstood]),
    });
    assert.equal(nameOf(outcome), "INVALID_ARGUMENT");
    assert.ok(outcome.body.length > 2 * good.length, "both events were answered");
  });

  const tooFew = gzipSync("some content").subarray(0, 14);
  const invalid: Record<string, () => Promise<Outcome>> = {
    "a timeout that is none, through gRPC": () =>
      grpc.call({ path: read, headers: { "grpc-timeout": "1x" }, body: withText("a") }),
    "a packed message that is cut off, through gRPC": () =>
      grpc.call({ path: read, headers: { "grpc-encoding": "gzip" }, body: packed(tooFew) }),
    "bytes that are no message, to health": () => grpc.call({ path: check, body: notUnderstood }),
    "bytes that are no message, to reflection": () =>
      grpc.call({ path: reflect, body: notUnderstood }),
    "bytes that are no message, through Connect": () => post("application/proto", "\xff"),
    "bytes that are no message, through gRPC-Web": () =>
      post("application/grpc-web+proto", notUnderstood),
    "a packed message that is cut off, through Connect": () =>
      post("application/json", tooFew, { "content-encoding": "gzip" }),
    "a packed message that is cut off, through gRPC-Web": () =>
      post("application/grpc-web+proto", packed(tooFew), { "grpc-encoding": "gzip" }),
    "bytes that Brotli did not pack": () =>
      post("application/json", "abc", { "content-encoding": "br" }),
    "a message said to be packed, nobody says how": () =>
      post("application/grpc-web+proto", packed(Buffer.from("a"))),
    "half a character where a number is wanted, as JSON in gRPC-Web": () =>
      post("application/grpc-web+json", enveloped(Buffer.from('{"limit":"\\ud800"}'))),
  };
  for (const [mistake, call] of Object.entries(invalid)) {
    it(`${mistake}, is INVALID_ARGUMENT`, async () => {
      assert.equal(nameOf(await call()), "INVALID_ARGUMENT");
    });
  }

  for (const [way, call] of Object.entries({
    "through Connect": () =>
      post("application/json", '{"gameId":"nobodys"}', { "connect-timeout-ms": "9999999999" }),
    "through gRPC-Web": () => post("application/grpc-web+proto", withText("nobodys"), longest),
    "through gRPC": () => grpc.call({ path: read, headers: longest, body: withText("nobodys") }),
  })) {
    it(`a timeout that no timer can wait for, ${way}, is no timer of a millisecond`, async () => {
      const warned = mock.fn();
      process.once("warning", warned);
      assert.equal(nameOf(await call()), "NOT_FOUND");
      process.off("warning", warned);
      assert.equal(warned.mock.callCount(), 0);
    });
  }

  it("a health check's name of half a megabyte is not sent back in headers, which would end the connection", async () => {
    const outcome = await grpc.call({ path: check, body: withText("x".repeat(1 << 19)) });
    assert.equal(nameOf(outcome), "NOT_FOUND");
    const watch = { path: watchHealth, body: withText("nobodys"), isWatch: true };
    const { body } = await grpc.call(watch);
    assert.deepEqual([...body], [0, 0, 0, 0, 2, 8, 3], "SERVICE_UNKNOWN");
  });

  it("a game's name of a quarter of a megabyte is not sent back in headers either", async () => {
    const outcome = await grpc.call({
      path: "/score.v1.ScoreService/UpdateScores",
      headers: { authorization: `Bearer ${await tokenFor("server", "game-server", ["a-game"])}` },
      body: withText("x".repeat(1 << 18)),
    });
    assert.equal(nameOf(outcome), "PERMISSION_DENIED");
  });

  it("an event that can't be unpacked ends a stream whose answers are on their way", async () => {
    const good = withText("score.v1.ScoreService");
    good[5] = 0x22;
    const outcome = await grpc.call({
      path: reflect,
      headers: { "grpc-encoding": "gzip" },
      body: Buffer.concat([good, good, good, packed(Buffer.from("no gzip"))]),
    });
    assert.equal(nameOf(outcome), "INVALID_ARGUMENT");
  });

  it("a timeout of nothing does not hide what is wrong with the bytes", async () => {
    const headers = { "grpc-timeout": "0n" };
    const outcome = await post("application/grpc-web+proto", notUnderstood, headers);
    assert.ok(["INVALID_ARGUMENT", "DEADLINE_EXCEEDED"].includes(nameOf(outcome)));
  });

  it("a thousand wrong fields are an error that fits in 8 KiB of headers", async () => {
    const game = {
      gameId: "chess",
      actions: Array.from({ length: 1_000 }, () => ({ maxPerMinute: -1 })),
    };
    const request = create(PutGameRequestSchema, { game });
    const { code, message, body } = await grpc.call({
      path: "/score.v1.AdminService/PutGame",
      headers: { authorization: `Bearer ${await tokenFor("admin", "ops")}` },
      body: enveloped(toBinary(PutGameRequestSchema, request)),
    });
    assert.deepEqual([code, body.length], [Code.InvalidArgument, 0]);
    assert.match(decodeURI(message), /; and 2980 more$/);
  });

  it("a text of 8 KB in an error is cut", async () => {
    const json = JSON.stringify({ [`${"x".repeat(8_000)}`]: 1 });
    const outcome = await post("application/json", json.replace("1}", `1,${json.slice(1)}`));
    assert.equal(nameOf(outcome), "INVALID_ARGUMENT");
    assert.ok(outcome.message.length < 3_000);
  });
});

describe("a mistake of the caller by HTTP/2 with TLS that fuzzing found", () => {
  const pipe = "/score.v1.ScoreService/StreamScores";
  let certificate: Certificate;
  let backend: Backend;
  let service: RunningService;
  let http: RawSecureHttp;
  let http2: RawHttp2;
  let authorization: string;
  before(async () => {
    certificate = await makeCertificate();
    backend = await startEmbedded();
    service = await startTestService(backend, certificate.settings);
    http = new RawSecureHttp(service.httpPort, certificate.ca);
    http2 = new RawHttp2(service.httpPort, certificate.ca);
    authorization = `Bearer ${await tokenFor("server", "game-server")}`;
  });
  after(async () => {
    http2?.close();
    http?.close();
    await service?.close();
    await backend?.close();
    await certificate?.close();
  });

  const send = (type: string, body: Uint8Array, headers = {}, path = pipe) =>
    http.call({ path, headers: { "content-type": type, authorization, ...headers }, body });
  const metrics = async () => {
    const { body } = await http.call({ path: "/metrics", verb: "GET", headers: {}, body: none });
    return body.toString();
  };
  const connectJson = "application/connect+json";
  const large = enveloped(Buffer.alloc(17 << 10));
  for (const [mistake, code, call] of [
    [
      "JSON that is none",
      "INVALID_ARGUMENT",
      () => send(connectJson, enveloped(Buffer.from("{,}"))),
    ],
    [
      "bytes that are no message",
      "INVALID_ARGUMENT",
      () => send("application/grpc-web+proto", notUnderstood),
    ],
    [
      "a message said to be packed, nobody says how",
      "INVALID_ARGUMENT",
      () => send(connectJson, packed(Buffer.from("{}"))),
    ],
    ["a message that is too large", "RESOURCE_EXHAUSTED", () => send(connectJson, large)],
    [
      "a timeout that is none",
      "INVALID_ARGUMENT",
      () => send(connectJson, enveloped(Buffer.from("{}")), { "connect-timeout-ms": "1x" }),
    ],
  ] as const) {
    it(`${mistake}, in a pipe, is ${code} and no failure of the service`, async () => {
      const outcome = await call();
      assert.deepEqual([nameOf(outcome), outcome.http], [code, 200]);
      assert.match(await metrics(), /^score_unexpected_failures_total 0$/m);
    });
  }

  it("a pipe that its caller resets is no failure of the service", async () => {
    const event = { gameId: "a-game", playerId: "ada", points: "1", actionId: "reset" };
    const { hasLeft } = await http2.call({
      headers: {
        ":method": "POST",
        ":path": pipe,
        "content-type": connectJson,
        authorization,
      },
      body: enveloped(Buffer.from(JSON.stringify(event))),
      isEndless: true,
      leavesAt: () => true,
    });
    assert.ok(hasLeft);
    const ended =
      /^score_call_seconds_count{lane="web",method="StreamScores",code="(OK|CANCELED)"} 1$/m;
    await eventually("the pipe has ended", async () => ended.test(await metrics()));
    assert.match(await metrics(), /^score_unexpected_failures_total 0$/m);
  });

  it("what is left of a request that was refused is let pass: its stream is closed", async () => {
    const body = Buffer.alloc(300_000, large.subarray(0, 5));
    const path = "/score.v1.ScoreService/UpdateScore";
    const outcome = await send("application/grpc-web+proto", body, {}, path);
    assert.equal(nameOf(outcome), "RESOURCE_EXHAUSTED");
  });
});
