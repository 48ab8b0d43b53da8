import type { Gauges } from "../../src/ops/gauges.ts";
import { gaugeTable } from "../../src/ops/gauges.ts";
import { Metrics } from "../../src/ops/metrics.ts";

/** All that /metrics may show, with TLS and with keys from an address: what each means, by its name. */
export async function publishedMetrics(): Promise<ReadonlyMap<string, string>> {
  const metrics = new Metrics();
  const gauges = Object.fromEntries(Object.keys(gaugeTable).map((key) => [key, () => 0]));
  metrics.watch(gauges as unknown as Gauges, "1.2.3");
  const all = await metrics.registry.getMetricsAsJSON();
  return new Map(all.map(({ name, help }) => [name, help]));
}

/** The metrics that a PromQL expression, or any text, names, without the ending of a histogram's parts. */
export function namedMetrics(text: string): string[] {
  const names = text.match(/\b(?:score|process|nodejs)_[a-z0-9_]*[a-z0-9]\b/g) ?? [];
  return [...new Set(names.map((name) => name.replace(/_(bucket|sum|count)$/, "")))];
}
