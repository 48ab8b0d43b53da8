import uPlot from "uplot";
import { chartBase } from "./axes.ts";
import { Plot } from "./plot.tsx";
import type { RateHistory } from "./rate-history.ts";
import { rateText } from "./text.ts";
import type { Theme } from "./theme.ts";

interface RateChartProps {
  readonly history: RateHistory;
  readonly version: number;
  /** Epoch ms. */
  readonly now: number;
}

/** How many scores change each second. */
export function RateChart({ history, version, now }: RateChartProps) {
  const rate = history.current(now);
  return (
    <figure id="rate">
      <figcaption>
        <h2>Updates a second</h2>
        <span class="now">{rate === undefined ? "–" : rateText(rate)}</span>
      </figcaption>
      <Plot
        label="Updates a second over the last minutes, as steps."
        version={version}
        points={() => history.points()}
        options={rateOptions}
      />
    </figure>
  );
}

function rateOptions(theme: () => Theme) {
  const { rem } = theme();
  const base = chartBase(theme, 1.25);
  return {
    ...base,
    padding: [rem * 0.5, rem * 1.5, 0, 0] as uPlot.Padding,
    scales: {
      ...base.scales,
      y: { range: (_: uPlot, __: number, most: number): [number, number] => [0, niceTop(most)] },
    },
    series: [
      {},
      {
        stroke: () => theme().accent,
        width: rem / 9,
        points: { show: false },
        // A point's value holds for the time since the point before.
        paths: uPlot.paths.stepped?.({ align: -1 }),
      },
    ],
  };
}

function niceTop(most: number | null): number {
  return Math.max(1, (most ?? 0) * 1.15);
}
