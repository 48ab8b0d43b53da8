import { limit } from "./audience.ts";
import { figure } from "./figure.ts";
import { LoadProcess } from "./load-process.ts";
import type { UpdateOptions, UpdateResult } from "./load-update.ts";
import type { WatchOptions, WatchResult } from "./load-watch.ts";
import { type MeasureContext, times } from "./measure.ts";
import type { Scene } from "./scene.ts";
import type { Acknowledged } from "./take-updates.ts";

/** They take the top at once, and stay there: it changes at every tick. */
const writers = { way: "grpc", players: limit, inFlight: 2, connections: 1 } as const;

export interface WatchCalls
  extends Pick<WatchOptions, "way" | "port" | "connections" | "watchesPerConnection"> {
  readonly key: string;
  readonly what: string;
  /** Tells the action ids of the writers from others of the game. */
  readonly run: string;
}

/**
 * Messages a second to the watchers of one board whose top changes at every
 * tick; the times are those from a change to its arrival.
 */
export async function takeWatches(
  { signal, progress }: MeasureContext,
  scene: Scene,
  { key, what, run, ...calls }: WatchCalls,
): Promise<Acknowledged> {
  const { token, gameId } = scene;
  progress(what);
  await using watch = await LoadProcess.start<WatchOptions, WatchResult>(
    "load-watch.ts",
    { ...calls, gameId, limit },
    signal,
  );
  await using writer = await LoadProcess.start<UpdateOptions, UpdateResult>(
    "load-update.ts",
    { port: scene.port, token, gameId, run, ...writers },
    signal,
  );
  const taken = await scene.measure<WatchResult | UpdateResult>([watch, writer], {
    ...times,
    signal,
  });
  const [watched, written] = taken.results as [WatchResult, UpdateResult];
  const notes = [
    ...watchNotes(watched),
    `${Math.round(written.calls / written.seconds)} updates/s by ${writers.inFlight} writers`,
  ];
  return {
    figure: figure({ key, what, ...messagesOf(watched), notes }, taken),
    acknowledged: written.succeeded,
  };
}

/** What a figure of watches counts. */
export function messagesOf({ messages: count, seconds, p50Ms, p99Ms }: WatchResult) {
  return { unit: "messages", count, seconds, p50Ms, p99Ms };
}

export function watchNotes({ messages, seconds, bytes, least, most, sampled }: WatchResult) {
  const perSecond = (amount: number) => Math.round(amount / seconds);
  return [
    `${perSecond(least)} to ${perSecond(most)} messages/s a watch`,
    `${Math.round(bytes / messages)} bytes a message`,
    `${sampled} messages decoded: whole and in order`,
  ];
}
