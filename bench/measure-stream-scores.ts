import { type Figure, figure, rankNotes, withNotes } from "./figure.ts";
import { LoadProcess } from "./load-process.ts";
import type { StreamOptions, StreamResult } from "./load-stream.ts";
import { type MeasureContext, players, times } from "./measure.ts";
import type { LedgerBytes } from "./scene.ts";

const streams = 4;
const inFlight = 2_000;

/** Durable events a second on open pipes. */
export async function measureStreamScores(context: MeasureContext): Promise<readonly Figure[]> {
  const { stage, profileFolder, signal, progress } = context;
  await using scene = await stage.scene({ players, profileFolder, signal });
  const { port, token, gameId } = scene;
  progress("StreamScores");
  await using load = await LoadProcess.start<StreamOptions, StreamResult>(
    "load-stream.ts",
    { port, token, gameId, run: "s", players, streams, inFlight },
    signal,
  );
  const before = await scene.ledgerBytes();
  const taken = await scene.measure([load], { ...times, signal });
  const after = await scene.ledgerBytes();
  const acknowledged = taken.results.reduce((sum, { accepted }) => sum + accepted, 0);
  await scene.expectEvents(players + acknowledged);
  const figures = taken.results.map(({ events: count, sampled, unranked, ...rest }) => {
    const what = `StreamScores, ${streams} streams, ${inFlight} events in flight each`;
    const notes = rankNotes(sampled, unranked);
    return figure({ key: "stream", what, unit: "events", count, ...rest, notes }, taken);
  });
  const ledger = ledgerFigure(before, after);
  return withNotes([...figures, ledger], await scene.end());
}

function ledgerFigure(before: LedgerBytes, after: LedgerBytes): Figure {
  const events = after.events - before.events;
  const quantities = (["rows", "indexes", "log"] as const).map((name) => ({
    name,
    value: (after[name] - before[name]) / events,
    unit: "bytes",
  }));
  return { key: "ledger", what: "ledger, an event", quantities, notes: [] };
}
