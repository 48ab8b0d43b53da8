import { type Figure, figure, withNotes } from "./figure.ts";
import { LoadProcess } from "./load-process.ts";
import type { Read, ReadOptions } from "./load-read.ts";
import { type MeasureContext, players, times } from "./measure.ts";
import type { UnaryResult } from "./unary-load.ts";

const inFlight = 128;
const connections = 4;

const reads: Readonly<Record<Read, string>> = {
  top: "GetLeaderboard, top 10",
  around: "GetLeaderboard, 10 around a player",
  standing: "GetStanding",
};

/** Reads a second, of a board that nobody writes. */
export async function measureReads(context: MeasureContext): Promise<readonly Figure[]> {
  const { stage, profileFolder, signal, progress } = context;
  await using scene = await stage.scene({ players, profileFolder, signal });
  const { port, token, gameId } = scene;
  const figures: Figure[] = [];
  for (const [read, what] of Object.entries(reads) as [Read, string][]) {
    progress(what);
    await using load = await LoadProcess.start<ReadOptions, UnaryResult>(
      "load-read.ts",
      { read, way: "grpc", port, token, gameId, players, connections, inFlight },
      signal,
    );
    const taken = await scene.measure([load], { ...times, signal });
    for (const { calls: count, ...rest } of taken.results) {
      figures.push(figure({ key: `read-${read}`, what, unit: "reads", count, ...rest }, taken));
    }
  }
  return withNotes(figures, await scene.end());
}
