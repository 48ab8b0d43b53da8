import type { CpuTimes, Taken } from "./scene.ts";

/** One line of the report: a rate, how long one took, and the CPU that it took. */
export interface Figure {
  readonly what: string;
  /** What was counted, in the plural. */
  readonly unit: string;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How long it was measured. */
  readonly seconds: number;
  readonly count: number;
  readonly cpu: CpuTimes;
  readonly residentMebibytes: number | undefined;
  /** Short remarks: what else the measure saw. */
  readonly notes: readonly string[];
  /** See `Taken`. */
  readonly from: number;
  readonly to: number;
}

interface Counted {
  readonly what: string;
  readonly unit: string;
  readonly count: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly notes?: readonly string[];
}

export function figure(counted: Counted, taken: Omit<Taken<unknown>, "results">): Figure {
  const { what, unit, count, seconds, p50Ms, p99Ms, notes = [] } = counted;
  const { cpu, residentMebibytes, from, to } = taken;
  const rate = { perSecond: count / seconds, p50Ms, p99Ms, seconds, count };
  return { what, unit, ...rate, cpu, residentMebibytes, notes, from, to };
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
