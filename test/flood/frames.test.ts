import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import pino from "pino";
import { type BareLanes, openBareLanes } from "../lanes/bare-lanes.ts";
import { type Certificate, makeCertificate } from "../lanes/certificate.ts";
import { assertUnharmed, startAttack, twice } from "./comparison.ts";
import { FloodConnection } from "./connection.ts";
import { type FrameFloodName, type FrameFloodResult, frameFloods, pourFrames } from "./frames.ts";
import { type FloodScene, openFloodScene } from "./scene.ts";

const framesPerSecond = 20_000;

/**
 * These cost the service what their bytes do, a third of a microsecond a frame,
 * as long as the attacker reads the answers; it is cut off when it does not.
 */
const harmless: readonly FrameFloodName[] = ["ping flood", "settings flood", "window updates"];

/** These cost the service a call for each frame until it ends the connection: 50 to 110 ms of its processor. */
const costly: readonly FrameFloodName[] = ["rapid reset", "streams beyond the most at a time"];

/** Ten connections that are thrown out and come back together: the slowest tenth of calls is 1.2 to 3.7 times as slow. */
const mostOfAll = { ...twice, callP90: 4 };

const names = Object.keys(frameFloods) as FrameFloodName[];

describe("a flood of HTTP/2 frames", () => {
  let folder: string;
  let certificate: Certificate;
  let plain: BareLanes;
  let secure: BareLanes;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "score-test-"));
    certificate = await makeCertificate();
    const tls = { cert: certificate.ca, key: await readFile(certificate.keyFile) };
    const options = { rooms: {}, log: pino({ level: "silent" }), webRoot: folder };
    plain = await openBareLanes(options);
    secure = await openBareLanes({ ...options, tls });
  });
  after(async () => {
    await plain?.close();
    await secure?.close();
    await certificate?.close();
    await rm(folder, { recursive: true });
  });
  const lanes = () => [
    { port: plain.grpcPort },
    { port: secure.grpcPort, isSecure: true },
    { port: secure.httpPort, isSecure: true },
  ];

  for (const name of names.filter((one) => !harmless.includes(one))) {
    it(`by ${name} ends the connection, on both lanes`, async () => {
      const signal = AbortSignal.timeout(20_000);
      for (const lane of lanes()) {
        const connection = await FloodConnection.open(lane);
        const sent = await pourFrames({ connection, name, framesPerSecond, signal });
        assert.ok(connection.isClosed, `open after ${sent} frames`);
      }
    });
  }

  it("of which it does not read the answers ends the connection, on both lanes", async () => {
    const signal = AbortSignal.timeout(20_000);
    for (const name of ["ping flood", "settings flood"] as const) {
      for (const lane of lanes()) {
        const connection = await FloodConnection.open({ ...lane, isDeaf: true });
        const sent = await pourFrames({ connection, name, framesPerSecond: 100_000, signal });
        assert.ok(connection.isClosed, `open after ${sent} frames`);
      }
    }
  });
});

describe("a flood of HTTP/2 frames, whose sender is back half a second after being thrown out,", () => {
  let scene: FloodScene;
  before(async () => {
    scene = await openFloodScene();
  });
  after(() => scene?.close());

  for (const [title, floods, mostTimesSlower] of [
    ...costly.map((name) => [`by ${name}`, [name], twice] as const),
    ["of the other kinds at once", names.filter((name) => !costly.includes(name)), twice],
    ["of all kinds at once", names, mostOfAll],
  ] as const) {
    it(`${title} harms nobody on other connections`, async (test) => {
      const attack = { attack: "frames", port: scene.grpcPort, floods, framesPerSecond } as const;
      const start = () => startAttack<FrameFloodResult>(test, attack);
      const { frames, thrownOut } = await assertUnharmed(test, scene, start, mostTimesSlower);
      assert.ok(thrownOut > 0, `${frames} frames, and nobody was thrown out`);
    });
  }
});
