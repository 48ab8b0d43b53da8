import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import type { Figure } from "./figure.ts";

const size = { width: 420, height: 240, background: "white" } as const;

/** The charts of a report as SVG, by file name; one that has nothing to show is left out. */
export async function charts(figures: readonly Figure[]): Promise<ReadonlyMap<string, string>> {
  const drawn = new Map<string, string>();
  for (const [name, { spec, values }] of Object.entries(specs(figures))) {
    if (values.length < 2) continue;
    const { spec: low } = compile({ ...size, ...spec, data: { values } } as TopLevelSpec);
    drawn.set(`${name}.svg`, `${await new View(parse(low), { renderer: "none" }).toSVG()}\n`);
  }
  return drawn;
}

/** Names in full: the first words are often the same. */
const byWhat = {
  field: "what",
  type: "nominal",
  sort: null,
  title: null,
  legend: { labelLimit: 0 },
};

interface Chart {
  readonly spec: object;
  readonly values: readonly object[];
}

function specs(figures: readonly Figure[]): Readonly<Record<string, Chart>> {
  const quantity = ({ quantities }: Figure, name: string) =>
    quantities.find((one) => one.name === name)?.value;
  const numbered = (prefix: string, name: string) =>
    figures.flatMap((figure) => {
      const number = new RegExp(`^${prefix}-(\\d+)$`).exec(figure.key)?.[1];
      const value = quantity(figure, name);
      return number === undefined || value === undefined ? [] : [{ x: Number(number), y: value }];
    });
  const byWorkers = (part: string, what: string) => {
    const rates = numbered(`workers-${part}`, "rate");
    return rates.map(({ x, y }) => ({ x, y: y / (rates[0]?.y ?? Number.NaN), what }));
  };
  const latencies = figures
    .filter(({ key }) => /^(update-\d+|read-.*)$/.test(key))
    .flatMap((figure) =>
      figure.quantities
        .filter(({ unit }) => unit === "ms")
        .map(({ name, value }) => ({ what: figure.what, share: name, ms: value })),
    );
  const audiences = figures.flatMap((figure) => {
    const memory = quantity(figure, "memory");
    const watchers = /([\d,]+) (watchers|watches)/.exec(figure.what)?.[1]?.replaceAll(",", "");
    return memory === undefined || watchers === undefined || /^(web|workers)/.test(figure.key)
      ? []
      : [{ x: Number(watchers), y: memory, what: figure.what }];
  });
  return {
    "throughput-by-in-flight": {
      values: numbered("update", "rate"),
      spec: lines("calls in flight", "log", "UpdateScore/s"),
    },
    "latency-distribution": {
      values: latencies,
      spec: {
        mark: { type: "line", point: true },
        encoding: {
          x: { field: "share", type: "ordinal", sort: null, title: "share of the calls" },
          y: { field: "ms", type: "quantitative", scale: { type: "log" }, title: "ms" },
          color: byWhat,
        },
      },
    },
    "growth-by-players": {
      values: numbered("growth", "rate"),
      spec: lines("players on the board", "log", "UpdateScore/s, 128 in flight"),
    },
    "throughput-by-workers": {
      values: [...byWorkers("update", "UpdateScore"), ...byWorkers("watch", "watch messages")],
      spec: {
        mark: { type: "line", point: true },
        encoding: {
          x: { field: "x", type: "ordinal", title: "workers" },
          y: { field: "y", type: "quantitative", title: "times the rate of one worker" },
          color: byWhat,
        },
      },
    },
    "memory-by-watchers": {
      values: audiences,
      spec: {
        mark: { type: "point", filled: true, size: 80 },
        encoding: {
          x: { field: "x", type: "quantitative", title: "watchers" },
          y: { field: "y", type: "quantitative", title: "resident memory of the service, MiB" },
          color: byWhat,
        },
      },
    },
  };
}

function lines(x: string, scale: "log" | "linear", y: string) {
  return {
    mark: { type: "line", point: true },
    encoding: {
      x: { field: "x", type: "quantitative", scale: { type: scale }, title: x },
      y: { field: "y", type: "quantitative", title: y },
    },
  };
}
