import { type Figure, figure, rankNotes, withNotes } from "./figure.ts";
import { LoadProcess } from "./load-process.ts";
import type { UpdateOptions, UpdateResult } from "./load-update.ts";
import { type MeasureContext, players, times } from "./measure.ts";

/** Calls in flight, and the connections they come on. */
const levels = [
  { inFlight: 128, connections: 4 },
  { inFlight: 512, connections: 4 },
  { inFlight: 32, connections: 4 },
  { inFlight: 8, connections: 4 },
  { inFlight: 1, connections: 1 },
];

/** Durable UpdateScore calls a second, one at a time and many at once. */
export async function measureUpdateScore(context: MeasureContext): Promise<readonly Figure[]> {
  const { stage, profileFolder, signal, progress } = context;
  await using scene = await stage.scene({ players, profileFolder, signal });
  const { port, token, gameId } = scene;
  const figures: Figure[] = [];
  let acknowledged = players;
  for (const { inFlight, connections } of levels) {
    progress(`UpdateScore, ${inFlight} in flight`);
    const run = `u${inFlight}`;
    const options = {
      way: "grpc",
      port,
      token,
      gameId,
      run,
      players,
      connections,
      inFlight,
    } as const;
    await using load = await LoadProcess.start<UpdateOptions, UpdateResult>(
      "load-update.ts",
      options,
      signal,
    );
    const taken = await scene.measure([load], { ...times, signal });
    for (const { calls: count, succeeded, sampled, unranked, ...rest } of taken.results) {
      acknowledged += succeeded;
      const what = `UpdateScore, ${inFlight} in flight`;
      const notes = rankNotes(sampled, unranked);
      figures.push(
        figure({ key: `update-${inFlight}`, what, unit: "updates", count, ...rest, notes }, taken),
      );
    }
  }
  await scene.expectEvents(acknowledged);
  return withNotes(figures, await scene.end());
}
