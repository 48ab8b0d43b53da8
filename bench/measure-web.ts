import { type Figure, figure, rankNotes, withNotes } from "./figure.ts";
import { LoadProcess } from "./load-process.ts";
import type { UpdateOptions, UpdateResult } from "./load-update.ts";
import type { WatchOptions, WatchResult } from "./load-watch.ts";
import { type MeasureContext, players, times } from "./measure.ts";
import type { Scene } from "./scene.ts";

const inFlight = 64;
const watches = 500;
const limit = 10;

/** So short that the ticks don't bound the rate. */
const tickMs = 5;

/** The web lane as browsers without Envoy use it: Connect over HTTP/1.1. */
export async function measureWeb(context: MeasureContext): Promise<readonly Figure[]> {
  const { stage, profileFolder } = context;
  const settings = { SCORE_TICK_MS: String(tickMs) };
  await using scene = await stage.scene({ ...context, settings, players, profileFolder });
  const update = await measureUpdate(context, scene);
  const watch = await measureWatch(context, scene);
  await scene.expectEvents(players + update.acknowledged + watch.acknowledged);
  return withNotes([update.figure, watch.figure], await scene.end());
}

interface Part {
  readonly figure: Figure;
  readonly acknowledged: number;
}

async function measureUpdate({ signal, progress }: MeasureContext, scene: Scene): Promise<Part> {
  const { token, gameId } = scene;
  const port = scene.instance.httpPort;
  const what = `UpdateScore by Connect over HTTP/1.1, ${inFlight} in flight`;
  progress(what);
  await using load = await LoadProcess.start<UpdateOptions, UpdateResult>(
    "load-update.ts",
    { way: "connect", port, token, gameId, run: "c", players, connections: 1, inFlight },
    signal,
  );
  const taken = await scene.measure([load], { ...times, signal });
  const [result] = taken.results as [UpdateResult];
  const { calls: count, succeeded, sampled, unranked, ...rest } = result;
  const notes = rankNotes(sampled, unranked);
  const counted = { key: "web-update", what, unit: "updates", count, ...rest, notes };
  return { figure: figure(counted, taken), acknowledged: succeeded };
}

async function measureWatch({ signal, progress }: MeasureContext, scene: Scene): Promise<Part> {
  const { token, gameId } = scene;
  const what = `WatchLeaderboard by Connect over HTTP/1.1, ${watches} watches of a top ${limit}`;
  progress(what);
  await using watch = await LoadProcess.start<WatchOptions, WatchResult>(
    "load-watch.ts",
    {
      way: "connect",
      port: scene.instance.httpPort,
      gameId,
      connections: 1,
      watchesPerConnection: watches,
      limit,
    },
    signal,
  );
  await using writer = await LoadProcess.start<UpdateOptions, UpdateResult>(
    "load-update.ts",
    {
      way: "grpc",
      port: scene.port,
      token,
      gameId,
      run: "w",
      players: limit,
      inFlight: 2,
      connections: 1,
    },
    signal,
  );
  const taken = await scene.measure<WatchResult | UpdateResult>([watch, writer], {
    ...times,
    signal,
  });
  const [watched, written] = taken.results as [WatchResult, UpdateResult];
  const { messages: count, least, most, sampled, ...rest } = watched;
  const perSecond = (amount: number) => Math.round(amount / watched.seconds);
  const notes = [`${perSecond(least)} to ${perSecond(most)} messages/s a watch`];
  const counted = { key: "web-watch", what, unit: "messages", count, ...rest, notes };
  return { figure: figure(counted, taken), acknowledged: written.succeeded };
}
