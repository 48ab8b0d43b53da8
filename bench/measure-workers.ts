import { audience, limit, shortTick, watchCount } from "./audience.ts";
import { type Figure, withNotes } from "./figure.ts";
import { type MeasureContext, players } from "./measure.ts";
import { takeUpdates } from "./take-updates.ts";
import { takeWatches } from "./take-watches.ts";

const numbers = [1, 2, 4];

/** As with one process; Node deals connections out to who is free. */
const calls = { way: "grpc", connections: 4, inFlight: 128 } as const;

/** What more processes on one port give, on a machine that also carries load and databases. */
export async function measureWorkers(context: MeasureContext): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const number of numbers) figures.push(...(await measureNumber(context, number)));
  return figures;
}

async function measureNumber(context: MeasureContext, number: number): Promise<readonly Figure[]> {
  const settings = { ...shortTick, SCORE_WORKERS: String(number) };
  await using scene = await context.stage.scene({ ...context, settings, players });
  const workers = number === 1 ? "1 worker" : `${number} workers`;
  const updates = await takeUpdates(context, scene, {
    key: `workers-update-${number}`,
    what: `UpdateScore, ${calls.inFlight} in flight, ${workers}`,
    run: "u",
    ...calls,
  });
  const watched = await takeWatches(context, scene, {
    key: `workers-watch-${number}`,
    what: `WatchLeaderboard, ${watchCount} watches of a top ${limit}, ${workers}`,
    run: "w",
    way: "grpc",
    port: scene.port,
    ...audience,
  });
  await scene.expectEvents(players + updates.acknowledged + watched.acknowledged);
  return withNotes([updates.figure, watched.figure], await scene.end());
}
