import { type Figure, withNotes } from "./figure.ts";
import { type MeasureContext, players } from "./measure.ts";
import { takeUpdates } from "./take-updates.ts";

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
  await using scene = await context.stage.scene({ ...context, players });
  const figures: Figure[] = [];
  let events = players;
  for (const level of levels) {
    const { inFlight } = level;
    const names = { key: `update-${inFlight}`, what: `UpdateScore, ${inFlight} in flight` };
    const calls = { ...names, way: "grpc", run: `u${inFlight}`, ...level } as const;
    const { figure, acknowledged } = await takeUpdates(context, scene, calls);
    events += acknowledged;
    figures.push(figure);
  }
  await scene.expectEvents(events);
  return withNotes(figures, await scene.end());
}
