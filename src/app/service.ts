import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { RateLimits } from "../access/rate-limits.ts";
import { TokenVerifier } from "../access/token-verifier.ts";
import { callerAddress } from "../lanes/caller-address.ts";
import { GrpcLane } from "../lanes/grpc-lane.ts";
import { Guard } from "../lanes/guard.ts";
import { shortenTimeoutsOfStreams } from "../lanes/longest-timeout.ts";
import { streamMethods, unaryMethods } from "../lanes/methods.ts";
import { UnfinishedRequests } from "../lanes/unfinished-requests.ts";
import { WebLane } from "../lanes/web-lane.ts";
import { commitFailures } from "../ledger/grouped-event-log.ts";
import type { PendingUpkeep } from "../ledger/ledger.ts";
import { openSqlLedger } from "../ledger/sql-ledger.ts";
import { monotonicClock, wallClock } from "../model/clock.ts";
import { systemTimers } from "../model/timers.ts";
import { createLog, type Log } from "../ops/log.ts";
import { Metrics } from "../ops/metrics.ts";
import { BoardReader } from "../ranking/board-reader.ts";
import { MemoryRanking } from "../ranking/memory-ranking.ts";
import { Projector } from "../ranking/projector.ts";
import type { Ranking } from "../ranking/ranking.ts";
import { redisFailures } from "../ranking/redis-connection.ts";
import { RedisRanking } from "../ranking/redis-ranking.ts";
import { GameCatalog } from "../service/game-catalog.ts";
import type { Rooms } from "../service/rooms.ts";
import { WatchHub } from "../watch/watch-hub.ts";
import { openDatabase, openRedis } from "./backends.ts";
import { endsWithin } from "./ends-within.ts";
import { publicKeys, tlsFiles } from "./key-files.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { type Secret, secretFor } from "./secret.ts";
import { serviceGauges } from "./service-gauges.ts";
import type { Settings } from "./settings.ts";
import { startUpkeep } from "./upkeep-loop.ts";
import { watchHealth } from "./watch-health.ts";
import type { WorkerLine } from "./worker-line.ts";

const requestLimits = {
  // An event as large as it may be has 0.6 KB, a thousand of them 0.6 MB.
  messageBytes: 16 * 1_024,
  listBytes: 1_024 * 1_024,
  unpackedBytes: 64 * 1_024,
  // A token for a hundred games is 18 KB at most. Envoy's limit is lower, by what it adds.
  headerBytes: 32 * 1_024,
  headersMs: 10_000,
  // Envoy's timeout for calls. The largest message takes it on a line of 1 Mbit/s.
  requestMs: 30_000,
};

const connectionLimits = { idleMs: 300_000, silentMs: 30_000, answerMs: 10_000 };

/** A service that runs. */
export interface RunningService {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Undefined with public keys. */
  readonly secret: Secret | undefined;
  readonly log: Log;
  /**
   * Turns health to NOT_SERVING, finishes what was accepted, ends watches with
   * "connect again", closes everything: that may wait for a database that is
   * silent. May be called twice.
   */
  close(): Promise<void>;
}

/** Composes the rooms by the settings and opens both lanes; with `worker` as one of several processes. */
export async function startService(
  settings: Settings,
  worker?: WorkerLine,
): Promise<RunningService> {
  const now = monotonicClock;
  const timers = systemTimers;
  const log = createLog(settings.SCORE_LOG_LEVEL);
  const metrics = new Metrics();
  const instanceId = randomUUID();
  const onError = (message: string, err: unknown) => {
    metrics.failedUnexpectedly();
    log.error({ err }, message);
  };
  const closers: (() => unknown)[] = [];
  const close = once(async () => {
    for (const closer of closers.reverse()) await closer();
  });

  try {
    const secret =
      settings.SCORE_JWKS_URL === undefined
        ? secretFor(settings.SCORE_JWT_SECRET, settings.SCORE_DATA_DIR)
        : undefined;
    const onFailure = () => metrics.keysFailed();
    const keys = secret
      ? { secret: secret.bytes }
      : publicKeys(new URL(settings.SCORE_JWKS_URL ?? ""), { now, onError, onFailure });
    const tls = tlsFiles(settings);
    const ledger = await openSqlLedger({
      database: await openDatabase(settings, instanceId, log),
      instanceId,
      limits: {
        queuedEvents: settings.SCORE_MAX_QUEUED_EVENTS,
        batchEvents: settings.SCORE_MAX_BATCH_EVENTS,
        patienceMs: 3_000,
      },
      rememberDays: settings.SCORE_REMEMBER_DAYS,
      now,
      timers,
      onBatch: (events) => metrics.batched(events),
      onCommitted: (ms) => metrics.committed(ms / 1_000),
      onFailure: (kind) => metrics.commitFailed(kind),
    });
    closers.push(() => ledger.close());

    const connection = openRedis(settings, log);
    connection?.onFailure((kind) => metrics.rankingFailed(kind));
    const ranking: Ranking = connection
      ? new RedisRanking({ connection, ledgerId: ledger.ledgerId, instanceId })
      : new MemoryRanking();
    closers.push(() => ranking.close());

    const projector = new Projector({
      ledger,
      ranking,
      limits: { reportMs: 1_000, waitMs: 500 },
      now,
      timers,
      onError,
      onCatchUp: (kind) => metrics.caughtUp(kind),
      onPlaced: (ms, withoutRank) => metrics.placed(ms / 1_000, withoutRank),
      onLost: (instances) => metrics.lost(instances),
    });
    closers.push(() => projector.close());
    await projector.start();

    const limits = new RateLimits({
      redis: connection?.client,
      prefix: `score:${ledger.ledgerId.slice(0, 8)}`,
      playerUpdatesPerSecond: settings.SCORE_PLAYER_UPDATES_PER_SECOND,
      anonymousCallsPerSecond: settings.SCORE_ANONYMOUS_CALLS_PER_SECOND,
      now,
    });
    const hub = new WatchHub({
      times: { tickMs: settings.SCORE_TICK_MS, pollMs: 1_000, heartbeatMs: 15_000 },
      maxWatches: settings.SCORE_MAX_WATCHES,
      maxWatchesPerCaller: settings.SCORE_MAX_WATCHES_PER_CALLER,
      now,
      timers,
      onFrames: (sent, skipped, delayMs) =>
        metrics.framed(sent, skipped, delayMs === undefined ? undefined : delayMs / 1_000),
      onError,
    });
    const stopping = new AbortController();
    let pending: PendingUpkeep = { boardsFilling: 0, deletions: 0 };
    const onPending = (found: PendingUpkeep) => {
      pending = found;
    };
    const upkeep = startUpkeep({ ledger, ranking, projector, onPending, onError });
    closers.push(() => upkeep.close());
    const rooms: Rooms = {
      ledger,
      catalog: new GameCatalog(ledger.games, now, timers),
      ranking,
      projector,
      reader: new BoardReader({ projector, ledger, tickMs: settings.SCORE_TICK_MS, now, timers }),
      hub,
      limits,
      now: wallClock,
      monotonicNow: now,
      timers,
      anonymousRead: settings.SCORE_ANONYMOUS_READ,
      maxSkewMs: settings.SCORE_PLAYER_MAX_SKEW_SECONDS * 1_000,
      stopping: stopping.signal,
      startUpkeep: upkeep.kick,
      onDifferences: (players) => metrics.differed(players),
    };

    const { algorithms, SCORE_JWT_ISSUER: issuer, SCORE_JWT_AUDIENCE: audience } = settings;
    const clocks = { now: wallClock, monotonic: now };
    const verifier = new TokenVerifier({ keys, algorithms, issuer, audience, ...clocks });
    const guard = new Guard({ verifier, limits, metrics, log, now });
    let isDraining = false;
    let isLedgerUp = true;
    const isServing = () => isLedgerUp && !isDraining && projector.boardsBehind === 0;
    const isReady = oneAtATime(async () => {
      isLedgerUp = await ledger.ping().then(
        () => true,
        () => false,
      );
      return isServing();
    });
    metrics.expect({ ledger: commitFailures, ranking: connection ? redisFailures : [] });
    const gauges = serviceGauges({
      settings,
      ledger,
      projector,
      hub,
      redis: connection,
      keys: "remote" in keys ? keys.remote : undefined,
      tls,
      isReady: isServing,
      isLedgerUp: () => isLedgerUp,
      pending: () => pending,
    });
    metrics.watch(gauges, packageVersion());
    worker?.share(metrics.registry);

    const lane = {
      rooms,
      guard,
      unary: unaryMethods(rooms, guard),
      streams: streamMethods(rooms),
      callerAddress: callerAddress(settings.SCORE_TRUSTED_PROXIES),
      tls,
      requestLimits,
      connectionLimits,
    };
    const unfinished = new UnfinishedRequests(requestLimits.requestMs);
    closers.push(() => unfinished.close(), shortenTimeoutsOfStreams());
    const hasProxies = settings.SCORE_TRUSTED_PROXIES.length > 0;
    const grpc = new GrpcLane({ ...lane, hasProxies });
    const web = new WebLane({
      ...lane,
      pages: { isReady, metrics: () => metrics.text(worker && (() => worker.figures())) },
      webRoot: fileURLToPath(new URL("../../web/dist", import.meta.url)),
      corsOrigins: settings.SCORE_CORS_ORIGINS,
    });
    const { SCORE_HOST: host, SCORE_GRPC_PORT, SCORE_HTTP_PORT } = settings;
    const grpcLane = await grpc.listen(host, SCORE_GRPC_PORT);
    closers.push(() => grpcLane.close());
    const webLane = await web.listen(host, SCORE_HTTP_PORT);
    closers.push(() => webLane.close());
    const health = watchHealth(isReady, (isServing) => grpc.setServing(isServing));
    closers.push(() => {
      isDraining = true;
      health.close();
      grpc.setServing(false);
      stopping.abort();
      hub.close();
      return endsWithin(drainMs, Promise.all([grpcLane.drain(), webLane.drain()]));
    });
    await health.checked;
    return { grpcPort: grpcLane.port, httpPort: webLane.port, secret, log, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What was accepted ends within this; what is left then is cut. */
const drainMs = 8_000;

function packageVersion(): string {
  const file = new URL("../../package.json", import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).version;
}

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= action();
    return done;
  };
}
