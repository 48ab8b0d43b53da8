import { type Figure, withNotes } from "./figure.ts";
import type { MeasureContext } from "./measure.ts";
import { takeUpdates } from "./take-updates.ts";

/** Players of the board, and events in the ledger from before. */
const sizes = [
  { players: 10_000, events: 10_000 },
  { players: 1_000_000, events: 1_000_000 },
  { players: 5_000_000, events: 10_000_000 },
];

const calls = { way: "grpc", run: "g", connections: 4, inFlight: 128 } as const;

/** The rate of updates as a board and its ledger grow. */
export async function measureGrowth(context: MeasureContext): Promise<readonly Figure[]> {
  const { stage, progress } = context;
  const figures: Figure[] = [];
  for (const { players, events } of sizes) {
    const history = { events, say: progress };
    await using scene = await stage.scene({ ...context, players, history });
    const size = `${players.toLocaleString("en")} players and ${events.toLocaleString("en")} events`;
    const names = {
      key: `growth-${players}`,
      what: `UpdateScore, ${calls.inFlight} in flight, ${size}`,
    };
    const { figure, acknowledged } = await takeUpdates(context, scene, { ...names, ...calls });
    await scene.expectEvents(events + acknowledged);
    figures.push(...withNotes([figure], await scene.end()));
  }
  return [...figures, slowdown(figures)];
}

/** How much slower each greater one is than the first, which is the smallest. */
function slowdown(figures: readonly Figure[]): Figure {
  const rates = figures.map(({ quantities }) => quantities[0]?.value ?? Number.NaN);
  const [smallest = Number.NaN, ...greater] = rates;
  const quantities = greater.map((rate, index) => ({
    name: `slower, ${sizes[index + 1]?.players.toLocaleString("en")} players`,
    value: 100 * (1 - rate / smallest),
    unit: "%",
  }));
  return { key: "growth", what: "growth from 10,000 players", quantities, notes: [] };
}
