import assert from "node:assert/strict";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { pino } from "pino";
import { type EnvoyScene, openEnvoyScene } from "../envoy/envoy-scene.ts";
import { type BareLanes, openBareLanes } from "../lanes/bare-lanes.ts";
import { enveloped } from "../lanes/envelopes.ts";
import { lengthDelimited } from "./bytes.ts";
import { RawGrpc } from "./grpc-call.ts";
import { RawHttp } from "./http-call.ts";
import { nameOf } from "./outcome.ts";

const kib = 1 << 10;
const path = "/score.v1.ScoreService/GetLeaderboard";
const listPath = "/score.v1.ScoreService/UpdateScores";
const restPath = "/v1/games/nobodys/scores";

/** A message of so many bytes: a field that the contract does not have, behind the name of a game. */
function messageOf(bytes: number): Buffer {
  const game = lengthDelimited(1, Buffer.from("nobodys"));
  const rest = bytes - game.length;
  // Three bytes of tag and as many of length as it takes.
  const filler = lengthDelimited(1_000, Buffer.alloc(rest));
  return Buffer.concat([game, lengthDelimited(1_000, Buffer.alloc(2 * rest - filler.length))]);
}

/** JSON of so many bytes. */
function jsonOf(bytes: number): Buffer {
  const start = '{"gameId":"nobodys","x":"';
  return Buffer.from(`${start}${"x".repeat(bytes - start.length - 2)}"}`);
}

/** What a way in answers to a message and to headers that take so many bytes. */
interface WayIn {
  readonly name: string;
  readonly message?: (bytes: number) => Promise<string>;
  readonly packed?: (bytes: number) => Promise<string>;
  readonly headers: (bytes: number) => Promise<string>;
  readonly maxHeaders: number;
  /** What comes of more. */
  readonly tooLarge: RegExp;
}

describe("what a request may take", () => {
  let scene: EnvoyScene;
  let callers: { grpc: RawGrpc; web: RawHttp; envoyGrpc: RawGrpc; envoy: RawHttp };
  before(async () => {
    scene = await openEnvoyScene();
    callers = {
      grpc: new RawGrpc(scene.service.grpcPort),
      web: new RawHttp(scene.service.httpPort),
      envoyGrpc: new RawGrpc(scene.envoy.port),
      envoy: new RawHttp(scene.envoy.port),
    };
  });
  after(async () => {
    for (const caller of Object.values(callers ?? {})) caller.close();
    await scene?.close();
  });

  const grpc = (through: "grpc" | "envoyGrpc", body: Uint8Array, headers = {}) =>
    callers[through].call({ path, body: enveloped(body), headers }).then(nameOf);
  const post = (through: "web" | "envoy", type: string, body: Uint8Array, headers = {}) =>
    callers[through]
      .call({ path, body, headers: { "content-type": type, ...headers } })
      .then(nameOf);
  const rest = (body: Uint8Array, headers = {}) =>
    callers.envoy
      .call({ path: restPath, body, headers: { "content-type": "application/json", ...headers } })
      .then(nameOf);
  const small = messageOf(100);
  const filler = (bytes: number) => ({ filler: "x".repeat(bytes) });

  const ways: readonly WayIn[] = [
    {
      name: "gRPC",
      message: (bytes) => grpc("grpc", messageOf(bytes)),
      packed: (bytes) => {
        const body = enveloped(gzipSync(messageOf(bytes)));
        body[0] = 1;
        const headers = { "grpc-encoding": "gzip" };
        return callers.grpc.call({ path, body, headers }).then(nameOf);
      },
      headers: (bytes) => grpc("grpc", small, filler(bytes)),
      maxHeaders: 32_768,
      tooLarge: /^broken: Stream closed/,
    },
    {
      name: "gRPC through Envoy",
      message: (bytes) => grpc("envoyGrpc", messageOf(bytes)),
      headers: (bytes) => grpc("envoyGrpc", small, filler(bytes)),
      maxHeaders: 28 * 1_024,
      tooLarge: /^broken: Stream closed/,
    },
    {
      name: "Connect",
      message: (bytes) => post("web", "application/proto", messageOf(bytes)),
      packed: (bytes) =>
        post("web", "application/proto", gzipSync(messageOf(bytes)), {
          "content-encoding": "gzip",
        }),
      headers: (bytes) => post("web", "application/proto", small, filler(bytes)),
      maxHeaders: 32_768,
      tooLarge: /^HTTP 431$/,
    },
    {
      name: "JSON",
      message: (bytes) => post("web", "application/json", jsonOf(bytes)),
      headers: (bytes) => post("web", "application/json", jsonOf(100), filler(bytes)),
      maxHeaders: 32_768,
      tooLarge: /^HTTP 431$/,
    },
    {
      name: "JSON through Envoy",
      message: (bytes) => post("envoy", "application/json", jsonOf(bytes)),
      headers: (bytes) => post("envoy", "application/json", jsonOf(100), filler(bytes)),
      maxHeaders: 28 * 1_024,
      tooLarge: /^HTTP 431$/,
    },
    {
      name: "gRPC-Web",
      message: (bytes) => post("web", "application/grpc-web+proto", enveloped(messageOf(bytes))),
      headers: (bytes) =>
        post("web", "application/grpc-web+proto", enveloped(small), filler(bytes)),
      maxHeaders: 32_768,
      tooLarge: /^HTTP 431$/,
    },
    {
      name: "REST",
      headers: (bytes) => rest(jsonOf(100), filler(bytes)),
      maxHeaders: 28 * 1_024,
      tooLarge: /^HTTP 431$/,
    },
  ];

  for (const { name, message, packed, headers, maxHeaders, tooLarge } of ways) {
    for (const [how, send] of [
      ["a message", message],
      ["a packed message", packed],
    ] as const) {
      if (send === undefined) continue;
      it(`is ${how} of 16 KiB and not a byte more, by ${name}`, async () => {
        assert.equal(await send(16 * kib), "NOT_FOUND");
        assert.equal(await send(16 * kib + 1), "RESOURCE_EXHAUSTED");
        assert.equal(await send(100), "NOT_FOUND");
      });
    }

    it(`is headers of ${maxHeaders / 1_024} KiB, by ${name}`, async () => {
      const ordinary = await headers(1);
      // The others take some hundred bytes.
      assert.equal(await headers(maxHeaders - 700), ordinary);
      assert.match(await headers(maxHeaders), tooLarge);
      assert.equal(await headers(1), ordinary);
    });
  }

  const packing = { grpc: "grpc-encoding", web: "content-encoding" } as const;
  const lists = [
    { name: "gRPC", caller: "grpc", isFramed: true },
    { name: "gRPC through Envoy", caller: "envoyGrpc", isFramed: true },
    { name: "Connect", caller: "web", isFramed: false },
  ] as const;
  for (const { name, caller, isFramed } of lists) {
    const send = (content: Uint8Array, isPacked: boolean) => {
      const bytes = isPacked ? gzipSync(content) : content;
      const body = isFramed ? enveloped(bytes) : bytes;
      if (isFramed && isPacked) body[0] = 1;
      const type: Record<string, string> = isFramed ? {} : { "content-type": "application/proto" };
      const how = isPacked ? { [packing[isFramed ? "grpc" : "web"]]: "gzip" } : {};
      return callers[caller]
        .call({ path: listPath, body, headers: { ...type, ...how } })
        .then(nameOf);
    };

    it(`is a list of 1 MiB and not a byte more, by ${name}`, async () => {
      assert.equal(await send(messageOf(1_024 * kib), false), "UNAUTHENTICATED");
      assert.equal(await send(messageOf(1_024 * kib + 1), false), "RESOURCE_EXHAUSTED");
      assert.equal(await send(small, false), "UNAUTHENTICATED");
    });

    it(`is a packed list of 64 KiB, once it is unpacked, and not a byte more, by ${name}`, async () => {
      assert.equal(await send(messageOf(64 * kib), true), "UNAUTHENTICATED");
      assert.equal(await send(messageOf(64 * kib + 1), true), "RESOURCE_EXHAUSTED");
      assert.equal(await send(small, true), "UNAUTHENTICATED");
    });
  }

  it("is a message of 16 KiB by REST, in the size that it has once it is transcoded", async () => {
    const event = (bytes: number) =>
      Buffer.from(JSON.stringify({ playerId: "x".repeat(bytes), points: "1", actionId: "a" }));
    assert.equal(await rest(event(16 * kib - 100)), "UNAUTHENTICATED");
    assert.equal(await rest(event(16 * kib + 1)), "RESOURCE_EXHAUSTED");
  });

  it("is 128 headers by gRPC, and 100 through Envoy", async () => {
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`x-${n}`, ""]));
    assert.equal(await grpc("grpc", small, many(110)), "NOT_FOUND");
    assert.match(await grpc("grpc", small, many(128)), /^broken: .*ENHANCE_YOUR_CALM/);
    assert.equal(await post("envoy", "application/json", jsonOf(100), many(80)), "NOT_FOUND");
    assert.equal(await post("envoy", "application/json", jsonOf(100), many(101)), "HTTP 431");
  });

  it("is JSON as deep as it may be long", async () => {
    const deep = Buffer.from(
      `{"gameId":"nobodys","x":${"[".repeat(8 * kib - 20)}${"]".repeat(8 * kib - 20)}}`,
    );
    assert.equal(await post("web", "application/json", deep), "NOT_FOUND");
    assert.equal(await rest(deep), "INVALID_ARGUMENT", "Envoy takes 100 levels");
  });

  it("is groups of 100 levels", async () => {
    const groups = (levels: number) =>
      Buffer.concat([
        small,
        ...Array<Buffer>(levels).fill(Buffer.from([0x7b])),
        ...Array<Buffer>(levels).fill(Buffer.from([0x7c])),
      ]);
    for (const [levels, code] of [
      [90, "NOT_FOUND"],
      [101, "INVALID_ARGUMENT"],
    ] as const) {
      assert.equal(await grpc("grpc", groups(levels)), code);
      assert.equal(await post("web", "application/proto", groups(levels)), code);
    }
  });
});

describe("a request that does not come to its end", () => {
  const patience = { headersMs: 400, requestMs: 800 };
  let lanes: BareLanes;
  before(async () => {
    const log = pino({ level: "silent" });
    lanes = await openBareLanes({ rooms: {}, log, webRoot: ".", requestLimits: patience });
  });
  after(() => lanes?.close());

  for (const [what, sent] of [
    ["its headers", "POST / HTTP/1.1\r\nhost: a\r\n"],
    [
      "its body",
      `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{`,
    ],
  ] as const) {
    it(`in ${what} is HTTP 408 on the web lane`, async () => {
      const socket = connect(lanes.httpPort, "127.0.0.1");
      socket.write(sent);
      assert.match(await text(socket), /^HTTP\/1\.1 408 /);
    });
  }

  it("is reset on the gRPC lane", async () => {
    const grpc = new RawGrpc(lanes.grpcPort);
    const outcome = await grpc.call({ path, body: Buffer.alloc(3), isEndless: true });
    assert.deepEqual([outcome.code, outcome.http], [undefined, undefined], "no answer");
    grpc.close();
  });
});
