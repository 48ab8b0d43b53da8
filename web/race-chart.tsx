import { useMemo } from "preact/hooks";
import type uPlot from "uplot";
import { chartBase } from "./axes.ts";
import { Plot } from "./plot.tsx";
import type { RaceHistory } from "./race-history.ts";
import type { Row } from "./rows.ts";
import { Slots } from "./slots.ts";
import { spread } from "./spread.ts";
import { numberText } from "./text.ts";
import { raceLines, type Theme } from "./theme.ts";

interface RaceChartProps {
  readonly history: RaceHistory;
  readonly version: number;
  readonly rows: readonly Row[] | undefined;
}

/** The scores of the first five over the last minutes; a line keeps its colour while its player is among them. */
export function RaceChart({ history, version, rows = [] }: RaceChartProps) {
  const slots = useMemo(() => new Slots(raceLines), []);
  const first = rows.slice(0, raceLines);
  const holders = slots.assign(first.map(({ playerId }) => playerId));
  // The chart outlives this call and draws later: it reads the newest holders from here.
  const drawn = useMemo(() => ({ ranks: [] as (number | undefined)[] }), []);
  drawn.ranks = holders.map((holder) => first.find((row) => row.playerId === holder)?.rank);
  const options = useMemo(() => (theme: () => Theme) => raceOptions(theme, drawn), [drawn]);
  return (
    <figure id="race">
      <figcaption>
        <h2>The race of the first five</h2>
      </figcaption>
      <Plot
        label="The scores of the first five over the last minutes, as lines. Their names and scores follow as a list."
        version={version}
        points={() => history.points(holders.map((holder) => holder ?? ""))}
        options={options}
      />
      <ol class="legend">
        {first.map((row) => (
          <li key={row.playerId} class={`slot-${holders.indexOf(row.playerId)}`}>
            <span class="place">{numberText(row.rank)}</span>
            <bdi title={row.name}>{row.name}</bdi>
            <span class="points">{numberText(row.score)}</span>
          </li>
        ))}
      </ol>
    </figure>
  );
}

function raceOptions(theme: () => Theme, drawn: { readonly ranks: (number | undefined)[] }) {
  const { rem } = theme();
  return {
    ...chartBase(theme, 2),
    padding: [rem * 0.5, rem * 1.5, 0, 0] as uPlot.Padding,
    series: [
      {},
      ...Array.from({ length: raceLines }, (_, slot) => ({
        stroke: () => theme().race[slot] ?? "",
        width: rem / 7,
        points: { show: false },
      })),
    ],
    hooks: { draw: [(plot: uPlot) => drawRanks(plot, theme(), drawn.ranks)] },
  };
}

/** Writes each line's rank at its end, so that colour is not the only mark. */
function drawRanks(plot: uPlot, { race, rem }: Theme, ranks: readonly (number | undefined)[]) {
  const { ctx, bbox, data } = plot;
  const pixels = devicePixelRatio;
  const ends = ranks.flatMap((rank, slot) => {
    const score = data[slot + 1]?.at(-1);
    if (rank === undefined || score === undefined || score === null) return [];
    return [{ slot, rank, y: plot.valToPos(score, "y", true) }];
  });
  ends.sort((one, other) => one.rank - other.rank);
  const places = spread(
    ends.map(({ y }) => y),
    0.9 * rem * pixels,
  );
  ctx.save();
  ctx.font = `600 ${0.75 * rem * pixels}px system-ui, sans-serif`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  for (const [index, { slot, rank }] of ends.entries()) {
    ctx.fillStyle = race[slot] ?? "";
    ctx.fillText(String(rank), bbox.left + bbox.width + 0.4 * rem * pixels, places[index] ?? 0);
  }
  ctx.restore();
}
