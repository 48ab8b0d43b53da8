import { type Figure, figure, rankNotes } from "./figure.ts";
import { LoadProcess } from "./load-process.ts";
import type { UpdateOptions, UpdateResult } from "./load-update.ts";
import { type MeasureContext, times } from "./measure.ts";
import type { Scene } from "./scene.ts";

export interface UpdateCalls
  extends Pick<UpdateOptions, "way" | "run" | "connections" | "inFlight"> {
  readonly key: string;
  readonly what: string;
}

/** A figure of a scene, and how many events were acknowledged for it. */
export interface Acknowledged {
  readonly figure: Figure;
  readonly acknowledged: number;
}

/** UpdateScore calls a second, of the scene's players at random. */
export async function takeUpdates(
  { signal, progress }: MeasureContext,
  scene: Scene,
  { key, what, way, ...calls }: UpdateCalls,
): Promise<Acknowledged> {
  const { token, gameId, players, instance } = scene;
  const port = way === "connect" ? instance.httpPort : instance.grpcPort;
  progress(what);
  await using load = await LoadProcess.start<UpdateOptions, UpdateResult>(
    "load-update.ts",
    { ...calls, way, port, token, gameId, players },
    signal,
  );
  const taken = await scene.measure([load], { ...times, signal });
  const [result] = taken.results as [UpdateResult];
  const { calls: count, succeeded, sampled, unranked, ...rest } = result;
  const notes = rankNotes(sampled, unranked);
  return {
    figure: figure({ key, what, unit: "updates", count, ...rest, notes }, taken),
    acknowledged: succeeded,
  };
}
