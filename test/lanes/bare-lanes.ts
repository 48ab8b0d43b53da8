import type { Logger } from "pino";
import { RateLimits } from "../../src/access/rate-limits.ts";
import { TokenVerifier } from "../../src/access/token-verifier.ts";
import { callerAddress } from "../../src/lanes/caller-address.ts";
import { GrpcLane } from "../../src/lanes/grpc-lane.ts";
import { Guard } from "../../src/lanes/guard.ts";
import type { ConnectionLimits, TlsFiles } from "../../src/lanes/lane.ts";
import { streamMethods, unaryMethods } from "../../src/lanes/methods.ts";
import type { RequestLimits } from "../../src/lanes/request-limits.ts";
import { UnfinishedRequests } from "../../src/lanes/unfinished-requests.ts";
import { WebLane } from "../../src/lanes/web-lane.ts";
import { Metrics } from "../../src/ops/metrics.ts";
import type { Rooms } from "../../src/service/rooms.ts";
import type { Ports } from "./clients.ts";
import { testSecret } from "./test-service.ts";

interface BareLanesOptions {
  /** What the calls are made of: usually something broken. */
  readonly rooms: Partial<Rooms>;
  readonly log: Logger;
  /** The folder of the page. */
  readonly webRoot: string;
  readonly tls?: TlsFiles;
  /** Instead of longer than any test. */
  readonly requestLimits?: Partial<RequestLimits>;
  readonly connectionLimits?: Partial<ConnectionLimits>;
}

const anyRequest: RequestLimits = {
  messageBytes: 16 * 1_024,
  listBytes: 1_024 * 1_024,
  unpackedBytes: 64 * 1_024,
  headerBytes: 32 * 1_024,
  headersMs: 60_000,
  requestMs: 60_000,
};
const anyConnection: ConnectionLimits = { idleMs: 60_000, silentMs: 60_000, answerMs: 60_000 };

/** Both lanes without a service behind them. */
export interface BareLanes extends Ports {
  close(): Promise<void>;
}

/** Opens both lanes, with the guard of the service, on rooms that the test makes. */
export async function openBareLanes({
  rooms: givenRooms,
  log,
  webRoot,
  tls,
  ...given
}: BareLanesOptions): Promise<BareLanes> {
  const limits = new RateLimits({
    redis: undefined,
    prefix: "test",
    playerUpdatesPerSecond: 0,
    anonymousCallsPerSecond: 0,
    now: Date.now,
  });
  const verifier = new TokenVerifier({
    keys: { secret: testSecret },
    algorithms: ["HS256"],
    issuer: undefined,
    audience: undefined,
    now: Date.now,
    monotonic: () => performance.now(),
  });
  const metrics = new Metrics();
  const guard = new Guard({ verifier, limits, metrics, log, now: Date.now });
  const requestLimits = { ...anyRequest, ...given.requestLimits };
  const connectionLimits = { ...anyConnection, ...given.connectionLimits };
  const unfinished = new UnfinishedRequests(requestLimits.requestMs);
  const stopping = new AbortController().signal;
  const rooms = { limits, stopping, now: Date.now, anonymousRead: true, ...givenRooms } as Rooms;
  const options = {
    rooms,
    guard,
    unary: unaryMethods(rooms, guard),
    streams: streamMethods(rooms),
    callerAddress: callerAddress([]),
    tls,
    requestLimits,
    connectionLimits,
  };
  const pages = { isReady: async () => true, metrics: () => metrics.text() };
  const lanes = await Promise.all([
    new GrpcLane({ ...options, hasProxies: false }).listen("127.0.0.1", 0),
    new WebLane({ ...options, pages, webRoot, corsOrigins: [] }).listen("127.0.0.1", 0),
  ]);
  return {
    grpcPort: lanes[0].port,
    httpPort: lanes[1].port,
    close: async () => {
      for (const lane of lanes) lane.close();
      await Promise.all(lanes.map((lane) => lane.drain()));
      unfinished.close();
    },
  };
}
