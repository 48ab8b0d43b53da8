import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { pino } from "pino";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { systemTimers } from "../../src/model/timers.ts";
import type { Rooms } from "../../src/service/rooms.ts";
import { WatchHub } from "../../src/watch/watch-hub.ts";
import { FakeBoard } from "../watch/fake-board.ts";
import { type BareLanes, openBareLanes } from "./bare-lanes.ts";
import { type Certificate, makeCertificate } from "./certificate.ts";
import { clientKinds } from "./clients.ts";
import { ConnectClient } from "./connect-client.ts";
import { eventually } from "./eventually.ts";
import type { LaneClient } from "./lane-client.ts";

interface Http2Options {
  readonly httpVersion: "2";
  readonly baseUrl: string;
  readonly sessionManager: Http2SessionManager;
}

/** A frame of so many, with the longest ids, has some 28 KB. */
const players = 100;
/** Ticks that a viewer misses until the test believes that nothing is kept for it. */
const missed = 100;
/** More than the 10 MiB that the system takes of a connection's bytes. */
const mostSent = 3_000;

describe("a viewer who does not read", () => {
  const board = new FakeBoard();
  let score = 0;
  let sent = 0;
  let skipped = 0;
  /** The next tick of the hub. */
  let tick = Promise.withResolvers<void>();
  let webRoot: string;
  let certificate: Certificate;
  let plain: BareLanes;
  let secure: BareLanes;
  let hub: WatchHub;
  before(async () => {
    webRoot = await mkdtemp(join(tmpdir(), "score-test-"));
    certificate = await makeCertificate();
    for (let index = 0; index < players; index += 1) board.change(longId(index), 0);
    hub = new WatchHub({
      times: { tickMs: 1, pollMs: 60_000, heartbeatMs: 60_000 },
      maxWatchesPerCaller: 0,
      maxWatches: 10,
      now: Date.now,
      timers: systemTimers,
      onFrames: (now, late) => {
        sent += now;
        skipped += late;
        tick.resolve();
      },
      onError: (message, error) => assert.fail(`${message}: ${error}`),
    });
    const rooms = {
      hub,
      catalog: { board: async () => ({ boardNo: 1 }), same: async () => ({ boardNo: 1 }) },
      reader: { page: (_board: unknown, _offset: number, limit: number) => board.top(limit) },
      ranking: {
        follow: async (_boardNo: number, onChange: () => void) => board.follow(onChange),
      },
    } as unknown as Partial<Rooms>;
    const options = { rooms, log: pino({ level: "silent" }), webRoot };
    plain = await openBareLanes(options);
    const tls = { cert: certificate.ca, key: await readFile(certificate.keyFile) };
    secure = await openBareLanes({ ...options, tls });
  });
  after(async () => {
    hub?.close();
    await plain?.close();
    await secure?.close();
    await certificate?.close();
    await rm(webRoot, { recursive: true });
  });

  /** As many changes as it takes until the watch has missed some. */
  const untilMissed = async () => {
    [sent, skipped] = [0, 0];
    while (skipped < missed) {
      assert.ok(sent < mostSent, "more is kept for the viewer than the system takes");
      tick = Promise.withResolvers();
      score += 1;
      board.changeAndNotify(longId(score % players), score);
      await tick.promise;
    }
  };

  /** A client of the web lane on one HTTP/2 connection. */
  const secureClient = (transportOf: (options: Http2Options) => Transport) => {
    const baseUrl = `https://localhost:${secure.httpPort}`;
    const sessionManager = new Http2SessionManager(baseUrl, undefined, { ca: certificate.ca });
    const client = new ConnectClient(transportOf({ httpVersion: "2", baseUrl, sessionManager }));
    return Object.assign(client, { close: () => sessionManager.abort() });
  };

  const ways: readonly (readonly [name: string, open: () => LaneClient])[] = [
    ...clientKinds.map((kind) => [kind.name, () => kind.open(plain)] as const),
    ["Connect on HTTP/2", () => secureClient(createConnectTransport)],
    ["gRPC on the web lane", () => secureClient(createGrpcTransport)],
  ];
  for (const [name, open] of ways) {
    it(`reads on, in order, to the newest state: ${name}`, async () => {
      const client = open();
      const request = { gameId: "game", limit: players };
      const frames = client.watch(ScoreService.method.watchLeaderboard, request);
      let { version = 0n } = (await frames.next()).value ?? {};
      await untilMissed();
      let read = 0;
      for await (const frame of frames) {
        assert.ok(frame.version > version, `${frame.version} after ${version}`);
        version = frame.version;
        read += 1;
        if (frame.entries[0]?.score === BigInt(score)) break;
      }
      assert.ok(read < sent + skipped, `all ${read} frames had been kept`);
      client.close();
    });

    it(`leaves room when it goes, though a frame is under way: ${name}`, async () => {
      await eventually("the others have left", async () => hub.watches === 0);
      const client = open();
      const leaving = new AbortController();
      const request = { gameId: "game", limit: players };
      const frames = client.watch(ScoreService.method.watchLeaderboard, request, {
        signal: leaving.signal,
      });
      await frames.next();
      await untilMissed();
      assert.equal(hub.watches, 1);
      leaving.abort();
      await eventually("it has left", async () => hub.watches === 0);
      await frames.next().catch(() => {});
      client.close();
    });
  }
});

function longId(index: number): string {
  return `player-${index}-`.padEnd(128, "x");
}
