import type { Figure } from "./figure.ts";
import { type Goal, isReached } from "./goals.ts";
import type { Machine } from "./machine.ts";
import { type Line, summarize } from "./summary.ts";
import { table } from "./table.ts";

export interface Report {
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<"service" | "node" | "postgres" | "redis", string>>;
  /** A profile makes the service slower. */
  readonly isProfiled: boolean;
  /** Each the figures of one run. */
  readonly runs: readonly (readonly Figure[])[];
}

/** The report to read: machine, versions, what was measured, and what it cost. */
export function reportText({ date, machine, versions, isProfiled, runs }: Report): string {
  const { cpu, cores, memoryGiB, kernel, loadAverage } = machine;
  const { service, node, postgres, redis } = versions;
  const last = runs.at(-1) ?? [];
  return [
    `${date}, ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${kernel}, load average before ${loadAverage}`,
    `score ${service}, Node ${node}, Postgres ${postgres} (fsync and synchronous_commit on), Redis ${redis}`,
    ...(isProfiled ? ["the service was profiled: it is faster without"] : []),
    "",
    `${runs.length === 1 ? "one run" : `medians of ${runs.length} runs`}:`,
    "",
    ...table([summaryHead, ...summarize(runs).filter(isTold).map(summaryCells)]),
    "",
    "CPU of the last run: share of one core, and time for each that is counted",
    "",
    ...table([costHead, ...last.flatMap(costCells)]),
    "",
    "other: all that does not belong to the bench; -: took no part, or this system does not tell",
    ...last.flatMap(({ what, notes }) => notes.map((note) => `${what}: ${note}`)),
    "",
  ].join("\n");
}

/** The rest is in the file that is kept. */
const untold = ["p90", "p99.9", "memory"];

function isTold({ quantity, goal }: Line): boolean {
  return goal !== undefined || !untold.includes(quantity);
}

const summaryHead = ["what", "quantity", "measured", "from", "to", "goal"];

function summaryCells({ what, quantity, unit, median, least, most, goal }: Line): string[] {
  const measured = `${shown(median)} ${unit}`;
  return [what, quantity, measured, shown(least), shown(most), goal ? judged(goal, median) : ""];
}

function judged(goal: Goal, value: number): string {
  const { least, most } = goal;
  const bound = least === undefined ? `at most ${shown(most ?? 0)}` : `at least ${shown(least)}`;
  return `${bound}: ${isReached(goal, value) ? "reached" : "not reached"}`;
}

/** Three digits or more. */
function shown(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

const costHead = ["what", "service", "load", "Postgres", "Redis", "other"];

function costCells({ what, cost }: Figure): string[][] {
  if (cost === undefined) return [];
  const { seconds, count, cpu } = cost;
  const share = (cpuSeconds: number) => `${Math.round((100 * cpuSeconds) / seconds)} %`;
  const each = (cpuSeconds: number | undefined) => {
    if (cpuSeconds === undefined) return "-";
    return `${share(cpuSeconds)}, ${((1e6 * cpuSeconds) / count).toFixed(1)} µs`;
  };
  const { service, generator, postgres, redis, others } = cpu;
  return [
    [
      what,
      each(service),
      each(generator),
      each(postgres),
      each(redis),
      others === undefined ? "-" : share(others),
    ],
  ];
}
