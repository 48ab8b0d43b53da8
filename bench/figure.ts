import type { CpuTimes, Taken } from "./taken.ts";

/** One number that was measured. */
export interface Quantity {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

/** What was measured of one thing: its quantities, and what it cost. */
export interface Figure {
  /** Names the figure in every run. */
  readonly key: string;
  readonly what: string;
  readonly quantities: readonly Quantity[];
  /** Where a load was counted while it ran. */
  readonly cost?: Cost;
  /** Short remarks: what else the measure saw. */
  readonly notes: readonly string[];
}

export interface Cost {
  /** How long it was measured, and how often what is counted happened. */
  readonly seconds: number;
  readonly count: number;
  readonly cpu: CpuTimes;
  readonly residentMebibytes: number | undefined;
  /** See `Taken`. */
  readonly from: number;
  readonly to: number;
}

/** What a load counted; all other fields whose names end in `Ms` become quantities. */
export interface Counted {
  readonly key: string;
  readonly what: string;
  /** What was counted, in the plural. */
  readonly unit: string;
  readonly count: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p90Ms?: number;
  readonly p99Ms: number;
  readonly p999Ms?: number;
  readonly notes?: readonly string[];
}

export function figure(counted: Counted, taken: Omit<Taken<unknown>, "results">): Figure {
  const { key, what, unit, count, seconds, notes = [] } = counted;
  const { cpu, residentMebibytes, from, to } = taken;
  const times = [
    ["p50", counted.p50Ms],
    ["p90", counted.p90Ms],
    ["p99", counted.p99Ms],
    ["p99.9", counted.p999Ms],
  ] as const;
  const quantities = [
    { name: "rate", value: count / seconds, unit: `${unit}/s` },
    ...times.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value, unit: "ms" }])),
    ...(residentMebibytes === undefined
      ? []
      : [{ name: "memory", value: residentMebibytes, unit: "MiB" }]),
  ];
  const cost = { seconds, count, cpu, residentMebibytes, from, to };
  return { key, what, quantities, cost, notes };
}

/** The figures of a measure with remarks that concern them all, on the last. */
export function withNotes(figures: readonly Figure[], notes: readonly string[]): Figure[] {
  return figures.map((one, index) =>
    index === figures.length - 1 ? { ...one, notes: [...one.notes, ...notes] } : one,
  );
}

/** A service that can't reach its ranking in time answers without ranks. */
export function rankNotes(sampled: number, unranked: number): string[] {
  return unranked === 0 ? [] : [`${unranked} of ${sampled} sampled answers had no rank`];
}
