import { limit } from "./audience.ts";
import { type Figure, figure, withNotes } from "./figure.ts";
import type { PacedOptions, PacedResult } from "./load-paced.ts";
import { LoadProcess } from "./load-process.ts";
import type { WatchOptions, WatchResult } from "./load-watch.ts";
import { type MeasureContext, players, times } from "./measure.ts";

const watchesPerConnection = 100;

interface Audience {
  readonly key: string;
  readonly connections: number;
  readonly updatesPerSecond: number;
}

/**
 * From a commit to its frame at each watcher, at the default tick of 50 ms:
 * updates come at a steady rate, every tenth of a player of the top, so that
 * each tick shows something new.
 */
function measureAudience({ key, connections, updatesPerSecond }: Audience) {
  return async (context: MeasureContext): Promise<readonly Figure[]> => {
    const { stage, profileFolder, signal, progress } = context;
    await using scene = await stage.scene({ players, profileFolder, signal });
    const { port, token, gameId } = scene;
    const watches = connections * watchesPerConnection;
    const what = `commit to frame, ${watches} watchers, ${updatesPerSecond} updates/s`;
    progress(what);
    await using watch = await LoadProcess.start<WatchOptions, WatchResult>(
      "load-watch.ts",
      { port, gameId, connections, watchesPerConnection, limit, way: "grpc" },
      signal,
    );
    await using writer = await LoadProcess.start<PacedOptions, PacedResult>(
      "load-paced.ts",
      { port, token, gameId, run: "l", players, leaders: limit, perSecond: updatesPerSecond },
      signal,
    );
    const taken = await scene.measure<WatchResult | PacedResult>([watch, writer], {
      ...times,
      signal,
    });
    const [watched, written] = taken.results as [WatchResult, PacedResult];
    await scene.expectEvents(players + written.accepted);
    const { messages: count, least, most, sampled, ...rest } = watched;
    const perSecond = (amount: number) => (amount / watched.seconds).toFixed(1);
    const notes = [
      `${perSecond(least)} to ${perSecond(most)} frames/s a watch`,
      `${sampled} frames, of one watch a connection, decoded and timed: whole and in order`,
    ];
    const one = figure({ key, what, unit: "frames", count, ...rest, notes }, taken);
    const updates = { name: "updates", value: written.calls / written.seconds, unit: "updates/s" };
    const quantities = [...one.quantities, updates];
    return withNotes([{ ...one, quantities }], await scene.end());
  };
}

export const measureLive = measureAudience({
  key: "live",
  connections: 20,
  updatesPerSecond: 5_000,
});

export const measureCrowd = measureAudience({
  key: "crowd",
  connections: 100,
  updatesPerSecond: 3_000,
});
