import { type Figure, figure } from "./figure.ts";
import { LoadProcess } from "./load-process.ts";
import type { UpdateOptions, UpdateResult } from "./load-update.ts";
import { type MeasureContext, times } from "./measure.ts";

/** Players of the board, and events in the ledger from before. */
const sizes = [
  { players: 10_000, events: 10_000 },
  { players: 1_000_000, events: 1_000_000 },
  { players: 5_000_000, events: 10_000_000 },
];

const inFlight = 128;
const connections = 4;

/** The rate of updates as a board and its ledger grow. */
export async function measureGrowth(context: MeasureContext): Promise<readonly Figure[]> {
  const { stage, profileFolder, signal, progress } = context;
  const figures: Figure[] = [];
  for (const { players, events } of sizes) {
    const onProgress = (done: number) =>
      progress(`filling the ledger: ${done} of ${events} events`);
    const history = { events, onProgress };
    await using scene = await stage.scene({ players, history, profileFolder, signal });
    const { port, token, gameId } = scene;
    const size = `${players.toLocaleString("en")} players and ${events.toLocaleString("en")} events`;
    progress(`UpdateScore with ${size}`);
    await using load = await LoadProcess.start<UpdateOptions, UpdateResult>(
      "load-update.ts",
      { way: "grpc", port, token, gameId, run: "g", players, connections, inFlight },
      signal,
    );
    const taken = await scene.measure([load], { ...times, signal });
    const [result] = taken.results as [UpdateResult];
    await scene.expectEvents(events + result.succeeded);
    const { calls: count, ...rest } = result;
    const what = `UpdateScore, ${inFlight} in flight, ${size}`;
    const notes = await scene.end();
    const key = `growth-${players}`;
    figures.push(figure({ key, what, unit: "updates", count, ...rest, notes }, taken));
  }
  return [...figures, slowdown(figures)];
}

/** How much slower the slowest is than the first, which is the smallest. */
function slowdown(figures: readonly Figure[]): Figure {
  const rates = figures.map(({ quantities }) => quantities[0]?.value ?? Number.NaN);
  const slower = 100 * (1 - Math.min(...rates) / (rates[0] ?? Number.NaN));
  const quantities = [{ name: "slower", value: slower, unit: "%" }];
  return { key: "growth", what: "from the least to the greatest", quantities, notes: [] };
}
