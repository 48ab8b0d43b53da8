import { type Figure, figure, withNotes } from "./figure.ts";
import type { PipelineOptions, PipelineResult } from "./load-pipeline.ts";
import { LoadProcess } from "./load-process.ts";
import { type MeasureContext, players, times } from "./measure.ts";

const batches = [128, 512];

/** What commits and rankings alone can take, without calls: the limit of every update. */
export async function measurePipeline(context: MeasureContext): Promise<readonly Figure[]> {
  const { stage, profileFolder, signal, progress } = context;
  await using scene = await stage.scene({ players, profileFolder, signal });
  const { gameId, databaseUrl, redisUrl } = scene;
  const figures: Figure[] = [];
  let accepted = players;
  for (const batch of batches) {
    const what = `the pipeline without calls, ${batch} events a commit`;
    progress(what);
    await using load = await LoadProcess.start<PipelineOptions, PipelineResult>(
      "load-pipeline.ts",
      { databaseUrl, redisUrl, gameId, players, batch },
      signal,
    );
    const taken = await scene.measure([load], { ...times, signal });
    for (const { events: count, accepted: all, ...rest } of taken.results) {
      accepted += all;
      figures.push(
        figure({ key: `pipeline-${batch}`, what, unit: "events", count, ...rest }, taken),
      );
    }
  }
  await scene.expectEvents(accepted);
  return withNotes(figures, await scene.end());
}
