import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import pino from "pino";
import { callHeaders, type HeaderBlock } from "../../bench/header-block.ts";
import { frame, frameFlag, frameType, preface } from "../../bench/http2-frame.ts";
import { type BareLanes, openBareLanes } from "../lanes/bare-lanes.ts";
import { type Certificate, makeCertificate } from "../lanes/certificate.ts";
import { eventually } from "../lanes/eventually.ts";
import { tokenFor } from "../lanes/test-service.ts";
import { assertUnharmed, startAttack } from "./comparison.ts";
import { FloodConnection, type FloodConnectionOptions } from "./connection.ts";
import type { DripFloodResult } from "./drips.ts";
import { type FloodScene, openFloodScene } from "./scene.ts";

/**
 * A hundredth of what the service is started with (src/app/service.ts): there
 * it is 10 s for headers, 30 s for a request, 40 s without a sign of life and
 * 300 s without a call.
 */
const requestLimits = { headersMs: 200, requestMs: 400 };
const connectionLimits = { silentMs: 500, answerMs: 200, idleMs: 1_200 };

/** Anything that is to be closed is closed within this, and what is to stay open is so after it. */
const longMs = 4_000;

describe("a slow writer", () => {
  let folder: string;
  let certificate: Certificate;
  let plain: BareLanes;
  let secure: BareLanes;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "score-test-"));
    certificate = await makeCertificate();
    const tls = { cert: certificate.ca, key: await readFile(certificate.keyFile) };
    const options = {
      rooms: {},
      log: pino({ level: "silent" }),
      webRoot: folder,
      requestLimits,
      connectionLimits,
    };
    plain = await openBareLanes(options);
    secure = await openBareLanes({ ...options, tls });
  });
  after(async () => {
    for (const connection of connections) connection.close();
    await plain?.close();
    await secure?.close();
    await certificate?.close();
    await rm(folder, { recursive: true });
  });
  const connections: FloodConnection[] = [];
  const open = async (options: FloodConnectionOptions) => {
    const connection = await FloodConnection.open(options);
    connections.push(connection);
    return connection;
  };
  /** Where HTTP/2 is spoken: on the web lane over TLS only. */
  const http2Lanes = (): readonly FloodConnectionOptions[] => [
    { port: plain.grpcPort },
    { port: secure.grpcPort, isSecure: true },
    { port: secure.httpPort, isSecure: true },
  ];
  const isClosed = (connection: FloodConnection) =>
    assert.doesNotReject(
      Promise.race([
        connection.closed,
        pause(longMs, undefined, { ref: false }).then(() => Promise.reject(new Error("open"))),
      ]),
    );

  it("that says nothing at all is closed, on both lanes", async () => {
    const ports = [plain.grpcPort, plain.httpPort];
    await Promise.all(ports.map(async (port) => isClosed(await open({ port, isHttp2: false }))));
  });

  it("that answers pings but calls nothing is told to leave, on both lanes", async () => {
    const leave = async (lane: FloodConnectionOptions) => {
      const connection = await open(lane);
      await isClosed(connection);
      assert.equal(connection.met.goAway, 0);
    };
    await Promise.all(http2Lanes().map(leave));
  });

  it("of headers, a byte at a time, is closed", async () => {
    const connection = await open({ port: plain.httpPort, isHttp2: false });
    const slow = drip(connection, "POST /score.v1.ScoreService/UpdateScore HTTP/1.1\r\nx: ");
    await isClosed(connection);
    await slow;
  });

  it("of a body, a byte at a time, is closed", async () => {
    const connection = await open({ port: plain.httpPort, isHttp2: false });
    const head = ["content-type: application/json", "content-length: 1000", "host: x", "", ""];
    connection.send(
      Buffer.from(`POST /score.v1.ScoreService/UpdateScore HTTP/1.1\r\n${head.join("\r\n")}`),
    );
    const slow = drip(connection, "{");
    await isClosed(connection);
    await slow;
  });

  it("of HTTP/2 headers that never end is closed", async () => {
    const begin = async (lane: FloodConnectionOptions) => {
      // Reads but answers nothing: SETTINGS acknowledged amid headers would be an error.
      const connection = await open({ ...lane, isHttp2: false });
      const settings = frame({ type: frameType.settings }, Buffer.alloc(0));
      const headers = frame(
        { type: frameType.headers, streamId: 1 },
        callHeaders("UpdateScore").first,
      );
      connection.send(Buffer.concat([preface, settings, headers]));
      await isClosed(connection);
    };
    await Promise.all(http2Lanes().map(begin));
  });

  const call = (connection: FloodConnection, block: HeaderBlock) =>
    connection.send(
      frame({ type: frameType.headers, flags: frameFlag.endHeaders, streamId: 1 }, block.first),
    );
  /** A message of 1,000 bytes, of which five come. */
  const startOfMessage = Buffer.of(0, 0, 0, 3, 232, 1, 1, 1, 1, 1);

  it("of a request that never ends is reset, and its connection then closed", async () => {
    const begin = async (lane: FloodConnectionOptions, method: string) => {
      const connection = await open(lane);
      call(connection, callHeaders(method));
      connection.send(frame({ type: frameType.data, streamId: 1 }, startOfMessage));
      await eventually("it is reset", () => connection.met.resets > 0);
      await isClosed(connection);
    };
    const methods = ["UpdateScore", "WatchLeaderboard"];
    await Promise.all(http2Lanes().flatMap((lane) => methods.map((method) => begin(lane, method))));
  });

  it("of a pipe that was refused is reset, and its connection then closed", async () => {
    const connection = await open({ port: plain.grpcPort });
    call(connection, callHeaders("StreamScores"));
    await eventually("it is refused", () => connection.met.answers > 0);
    await eventually("it is reset", () => connection.met.resets > 0);
    await isClosed(connection);
  });

  it("who has a pipe but answers no ping is closed", async () => {
    const token = await tokenFor("server", "game-server");
    const begin = async (lane: FloodConnectionOptions) => {
      // Reads but answers nothing.
      const connection = await open({ ...lane, isHttp2: false });
      connection.send(
        Buffer.concat([preface, frame({ type: frameType.settings }, Buffer.alloc(0))]),
      );
      call(connection, callHeaders("StreamScores", token));
      await isClosed(connection);
    };
    await Promise.all(http2Lanes().map(begin));
  });

  it("who may write keeps the pipe, even with half a message in it", async () => {
    const connection = await open({ port: plain.grpcPort });
    call(connection, callHeaders("StreamScores", await tokenFor("server", "game-server")));
    connection.send(frame({ type: frameType.data, streamId: 1 }, startOfMessage));
    await pause(longMs);
    assert.ok(!connection.isClosed);
    assert.deepEqual([connection.met.answers, connection.met.resets], [0, 0]);
  });
});

describe("2,000 slow writers with good tokens", () => {
  let scene: FloodScene;
  before(async () => {
    scene = await openFloodScene();
  });
  after(() => scene?.close());

  it("harm nobody, and cost less than 100 KiB each", async (test) => {
    const { grpcPort, httpPort } = scene;
    const token = await tokenFor("server", "game-server");
    const attack = { attack: "drips", grpcPort, httpPort, connections: 1_000, token } as const;
    // The first round's: what it has left behind serves the next.
    let kibibytesEach = 0;
    const met = await assertUnharmed(test, scene, async () => {
      const before = await scene.usage();
      const end = await startAttack<DripFloodResult>(test, attack);
      return async () => {
        const { residentMebibytes } = await scene.usage();
        const result = await end();
        const grown = (residentMebibytes - before.residentMebibytes) * 1_024;
        kibibytesEach = Math.max(kibibytesEach, Math.round(grown / result.connections));
        return { ...result, kibibytesEach };
      };
    });
    assert.equal(met.stillOpen, met.connections, "the service waits for 30 s");
    assert.ok(met.drips >= met.connections, `${met.drips} bytes came one at a time`);
    assert.ok(kibibytesEach < 100, `${kibibytesEach} KiB each`);
  });
});

/** One byte after the other, the first time `start`, until the connection is closed. */
async function drip(connection: FloodConnection, start: string): Promise<void> {
  connection.send(Buffer.from(start));
  while (!connection.isClosed) {
    connection.send(Buffer.from("x"));
    await pause(50);
  }
}
