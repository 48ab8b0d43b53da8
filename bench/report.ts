import type { Figure } from "./figure.ts";
import type { Machine } from "./machine.ts";

export interface Report {
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<"service" | "node" | "postgres" | "redis", string>>;
  /** A profile makes the service slower. */
  readonly isProfiled: boolean;
  readonly figures: readonly Figure[];
}

const headings = [
  "what",
  "figure",
  "p50",
  "p99",
  "service CPU",
  "generator CPU",
  "Postgres CPU",
  "Redis CPU",
  "other CPU",
];

/** The report to read: machine, versions and a table of the figures. */
export function reportText({ date, machine, versions, isProfiled, figures }: Report): string {
  const { cpu, cores, memoryGiB, kernel, loadAverage } = machine;
  const { service, node, postgres, redis } = versions;
  const lines = figures.map(cells);
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  const row = (line: readonly string[]) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join(" | ")
      .trimEnd();
  return [
    `${date}, ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${kernel}, load average before ${loadAverage}`,
    `score ${service}, Node ${node}, Postgres ${postgres} (fsync and synchronous_commit on), Redis ${redis}`,
    ...(isProfiled ? ["the service was profiled: it is faster without"] : []),
    "",
    row(headings),
    row(widths.map((width) => "-".repeat(width))),
    ...lines.map(row),
    "",
    "CPU: share of one core, and time for each; other: all that does not belong to the bench",
    ...figures.flatMap(({ what, notes }) => notes.map((note) => `${what}: ${note}`)),
    "",
  ].join("\n");
}

function cells(figure: Figure): string[] {
  const { what, unit, perSecond, p50Ms, p99Ms, cpu, seconds, count } = figure;
  const share = (cpuSeconds: number | undefined) =>
    cpuSeconds === undefined ? "not known here" : `${Math.round((100 * cpuSeconds) / seconds)} %`;
  const each = (cpuSeconds: number | undefined) => {
    if (cpuSeconds === undefined) return share(cpuSeconds);
    return `${share(cpuSeconds)}, ${((1e6 * cpuSeconds) / count).toFixed(1)} µs`;
  };
  const { service, generator, postgres, redis, others } = cpu;
  const resident = figure.residentMebibytes;
  const memory = resident === undefined ? "" : `, ${Math.round(resident)} MiB`;
  return [
    what,
    `${Math.round(perSecond).toLocaleString("en")} ${unit}/s`,
    `${p50Ms.toFixed(1)} ms`,
    `${p99Ms.toFixed(1)} ms`,
    `${each(service)}${memory}`,
    each(generator),
    each(postgres),
    each(redis),
    share(others),
  ];
}
