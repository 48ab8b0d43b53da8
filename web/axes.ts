import type uPlot from "uplot";
import { timeText } from "./text.ts";
import type { Theme } from "./theme.ts";

/** The least time a chart spans, in seconds: a young history does not race across it. */
const leastSpan = 60;

const full = new Intl.NumberFormat();
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 2 });

/**
 * What both charts have in common: time below, values on the left at least
 * `labelSpace` rem from each other, no legend and no cursor of uPlot's.
 */
export function chartBase(
  theme: () => Theme,
  labelSpace: number,
): Omit<uPlot.Options, "width" | "height" | "series"> {
  const { rem } = theme();
  const look = {
    stroke: () => theme().quiet,
    font: `${0.75 * rem}px system-ui, sans-serif`,
    grid: { stroke: () => theme().rule, width: 1 },
    ticks: { show: false },
  };
  return {
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: (_, from, to) => span(from, to) },
    },
    axes: [
      {
        ...look,
        grid: { show: false },
        size: 1.75 * rem,
        space: 5.5 * rem,
        incrs: [10, 15, 30, 60, 120],
        values: (_, splits) => splits.map((second) => timeText(second * 1_000)),
      },
      {
        ...look,
        space: labelSpace * rem,
        size: (_, labels) => {
          const longest = Math.max(0, ...(labels ?? []).map((label) => label.length));
          return (longest * 0.45 + 0.75) * rem;
        },
        values: (_, splits) => valueLabels(splits),
      },
    ],
  };
}

/** Without a point there is no time to show. */
function span(from: number | null, to: number | null): uPlot.Range.MinMax {
  return from === null || to === null ? [null, null] : [Math.min(from, to - leastSpan), to];
}

/** Labels for an axis: short ones unless that would make neighbours look alike. */
export function valueLabels(splits: readonly number[]): string[] {
  const labels = splits.map((value) => short.format(value));
  return new Set(labels).size === labels.length
    ? labels
    : splits.map((value) => full.format(value));
}
