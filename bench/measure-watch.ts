import { startEnvoy } from "../test/servers/envoy-server.ts";
import { audience, limit, shortTick, watchCount } from "./audience.ts";
import { cpuSeconds } from "./cpu-clock.ts";
import { type Figure, withNotes } from "./figure.ts";
import { type MeasureContext, players } from "./measure.ts";
import { takeWatches } from "./take-watches.ts";

/** Messages a second to many watchers. */
export async function measureWatch(context: MeasureContext): Promise<readonly Figure[]> {
  await using scene = await context.stage.scene({ ...context, settings: shortTick, players });
  const what = `WatchLeaderboard, ${watchCount} watches of a top ${limit}`;
  const calls = { key: "watch", what, run: "w", way: "grpc", port: scene.port } as const;
  const { figure, acknowledged } = await takeWatches(context, scene, { ...calls, ...audience });
  await scene.expectEvents(players + acknowledged);
  return withNotes([figure], await scene.end());
}

/** The same through Envoy, to watchers that speak gRPC-Web. */
export async function measureEnvoyWatch(context: MeasureContext): Promise<readonly Figure[]> {
  await using scene = await context.stage.scene({ ...context, settings: shortTick, players });
  await using envoy = await startEnvoy({ instances: [scene.instance] });
  const what = `WatchLeaderboard, ${watchCount} watches of a top ${limit} by gRPC-Web through Envoy`;
  const calls = { key: "envoy-watch", what, run: "w", way: "grpc-web", port: envoy.port } as const;
  const envoyBefore = cpuSeconds(envoy.pid);
  const began = performance.now();
  const { figure, acknowledged } = await takeWatches(context, scene, { ...calls, ...audience });
  const seconds = (performance.now() - began) / 1_000;
  const share = Math.round((100 * (cpuSeconds(envoy.pid) - envoyBefore)) / seconds);
  await scene.expectEvents(players + acknowledged);
  return withNotes([figure], [`Envoy took ${share} % of one core`, ...(await scene.end())]);
}
