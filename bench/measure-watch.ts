import { startEnvoy } from "../test/servers/envoy-server.ts";
import { cpuSeconds } from "./cpu-clock.ts";
import { type Figure, figure, withNotes } from "./figure.ts";
import { LoadProcess } from "./load-process.ts";
import type { UpdateOptions, UpdateResult } from "./load-update.ts";
import type { WatchOptions, WatchResult } from "./load-watch.ts";
import { type MeasureContext, players, times } from "./measure.ts";

const connections = 20;
const watchesPerConnection = 100;
const limit = 10;

/** So short that the ticks don't bound the rate. */
const tickMs = 5;

/** They take the top at once, and stay there. */
const writers = { players: limit, inFlight: 2, connections: 1 };

/**
 * Messages a second to the watchers of one board whose top changes at every
 * tick; the times are those from a change to its arrival.
 */
export function measureWatch(context: MeasureContext): Promise<readonly Figure[]> {
  return measure(context, false);
}

/** The same through Envoy, to watchers that speak gRPC-Web. */
export function measureEnvoyWatch(context: MeasureContext): Promise<readonly Figure[]> {
  return measure(context, true);
}

async function measure(context: MeasureContext, isWeb: boolean): Promise<readonly Figure[]> {
  const { stage, profileFolder, signal, progress } = context;
  const settings = { SCORE_TICK_MS: String(tickMs) };
  await using scene = await stage.scene({ settings, players, profileFolder, signal });
  const { token, gameId } = scene;
  await using envoy = isWeb ? await startEnvoy({ instances: [scene.instance] }) : undefined;
  const port = envoy?.port ?? scene.port;
  const watches = connections * watchesPerConnection;
  progress(`WatchLeaderboard, ${watches} watches`);
  await using watch = await LoadProcess.start<WatchOptions, WatchResult>(
    "load-watch.ts",
    { port, gameId, connections, watchesPerConnection, limit, way: isWeb ? "grpc-web" : "grpc" },
    signal,
  );
  await using writer = await LoadProcess.start<UpdateOptions, UpdateResult>(
    "load-update.ts",
    { port: scene.port, token, gameId, run: "w", way: "grpc", ...writers },
    signal,
  );
  const envoyBefore = envoy && cpuSeconds(envoy.pid);
  const taken = await scene.measure<WatchResult | UpdateResult>([watch, writer], {
    ...times,
    signal,
  });
  const [watched, written] = taken.results as [WatchResult, UpdateResult];
  await scene.expectEvents(players + written.succeeded);
  const { messages: count, seconds, p50Ms, p99Ms, bytes, least, most, sampled } = watched;
  const perSecond = (amount: number) => Math.round(amount / seconds);
  const notes = [
    `${perSecond(least)} to ${perSecond(most)} messages/s a watch`,
    `${Math.round(bytes / count)} bytes a message`,
    `${Math.round(written.calls / written.seconds)} updates/s by ${writers.inFlight} writers`,
    `${sampled} messages decoded: whole and in order`,
  ];
  if (envoy && envoyBefore !== undefined) {
    const seconds = cpuSeconds(envoy.pid) - envoyBefore;
    const wall = times.warmUpMs / 1_000 + watched.seconds;
    notes.push(`Envoy took ${Math.round((100 * seconds) / wall)} % of one core`);
  }
  const way = isWeb ? " by gRPC-Web through Envoy" : "";
  const what = `WatchLeaderboard, ${watches} watches of a top ${limit}${way}`;
  const one = figure(
    {
      key: isWeb ? "envoy-watch" : "watch",
      what,
      unit: "messages",
      count,
      seconds,
      p50Ms,
      p99Ms,
      notes,
    },
    taken,
  );
  return withNotes([one], await scene.end());
}
