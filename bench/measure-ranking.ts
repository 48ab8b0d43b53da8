import type { Figure } from "./figure.ts";
import type { MeasureContext } from "./measure.ts";

const players = 1_000_000;

/** What the ranking of a great board takes: time to build it into an empty Redis, and memory. */
export async function measureRanking(context: MeasureContext): Promise<readonly Figure[]> {
  const { stage, profileFolder, signal, progress } = context;
  const history = { ids: "long", say: progress } as const;
  await using scene = await stage.scene({ players, history, profileFolder, signal });
  const quantities = [
    { name: "rebuild", value: scene.readyMs / 1_000, unit: "s" },
    { name: "Redis memory", value: scene.redisBytes / players, unit: "bytes a player" },
  ];
  const what = "1 million players with ids of 36 bytes: start with an empty Redis";
  return [{ key: "ranking", what, quantities, notes: await scene.end() }];
}
