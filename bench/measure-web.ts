import { limit, shortTick } from "./audience.ts";
import { type Figure, withNotes } from "./figure.ts";
import { type MeasureContext, players } from "./measure.ts";
import { takeUpdates } from "./take-updates.ts";
import { takeWatches } from "./take-watches.ts";

const inFlight = 64;
const watches = 500;

/** The web lane as browsers without Envoy use it: Connect over HTTP/1.1. */
export async function measureWeb(context: MeasureContext): Promise<readonly Figure[]> {
  await using scene = await context.stage.scene({ ...context, settings: shortTick, players });
  const way = "connect";
  const updates = await takeUpdates(context, scene, {
    key: "web-update",
    what: `UpdateScore by Connect over HTTP/1.1, ${inFlight} in flight`,
    run: "c",
    way,
    connections: 1,
    inFlight,
  });
  const watched = await takeWatches(context, scene, {
    key: "web-watch",
    what: `WatchLeaderboard by Connect over HTTP/1.1, ${watches} watches of a top ${limit}`,
    run: "w",
    way,
    port: scene.instance.httpPort,
    connections: 1,
    watchesPerConnection: watches,
  });
  await scene.expectEvents(players + updates.acknowledged + watched.acknowledged);
  return withNotes([updates.figure, watched.figure], await scene.end());
}
