import type { Figure } from "./figure.ts";
import { type Goal, goalOf } from "./goals.ts";

/** One quantity over all runs. */
export interface Line {
  readonly what: string;
  readonly quantity: string;
  readonly unit: string;
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly goal: Goal | undefined;
}

/** Every quantity that was measured, in the order of the first run. */
export function summarize(runs: readonly (readonly Figure[])[]): Line[] {
  const [first = []] = runs;
  return first.flatMap((figure) =>
    figure.quantities.map(({ name, unit }) => {
      const values = sortedValues(runs, figure.key, name);
      return {
        what: figure.what,
        quantity: name,
        unit,
        median: median(values),
        least: values[0] ?? Number.NaN,
        most: values.at(-1) ?? Number.NaN,
        goal: goalOf(figure.key, name),
      };
    }),
  );
}

/** The first run's figures, each quantity the median of all runs. */
export function medianFigures(runs: readonly (readonly Figure[])[]): Figure[] {
  const [first = []] = runs;
  return first.map((figure) => ({
    ...figure,
    quantities: figure.quantities.map((quantity) => ({
      ...quantity,
      value: median(sortedValues(runs, figure.key, quantity.name)),
    })),
  }));
}

function median(sorted: readonly number[]): number {
  return sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
}

function sortedValues(
  runs: readonly (readonly Figure[])[],
  key: string,
  name: string,
): readonly number[] {
  return runs.flatMap((run) => valuesOf(run, key, name)).sort((a, b) => a - b);
}

function valuesOf(run: readonly Figure[], key: string, name: string): number[] {
  return run
    .filter((figure) => figure.key === key)
    .flatMap(({ quantities }) => quantities)
    .filter((quantity) => quantity.name === name)
    .map(({ value }) => value);
}
