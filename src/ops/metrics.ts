import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { type Gauges, gaugeTable } from "./gauges.ts";

/**
 * What the service counts, for Prometheus. An observation costs some 0.3 µs
 * and happens once a call, batch or tick; no label names a game, board or
 * player. docs/operations.md says what each figure means.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly #calls = this.#histogram(
    "score_call_seconds",
    "Calls by lane, method and code; of streams, the time they were open.",
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    ["lane", "method", "code"],
  );
  readonly #refusals = this.#counter(
    "score_refusals_total",
    "Calls, events of calls and streams that ended with an error, by its reason.",
    ["method", "reason"],
  );
  readonly #tokenRefusals = this.#counter(
    "score_token_refusals_total",
    "Tokens that were not taken, by what is wrong with them.",
    ["reason"],
  );
  readonly #unexpectedFailures = this.#counter(
    "score_unexpected_failures_total",
    "Failures that nobody expected, in calls and outside; the log has each.",
  );
  readonly #batchEvents = this.#histogram(
    "score_ledger_batch_events",
    "Events committed together.",
    [1, 4, 16, 64, 128, 256, 512, 1024],
  );
  readonly #commits = this.#histogram(
    "score_ledger_commit_seconds",
    "How long a batch took to commit, with repeats.",
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  );
  readonly #commitFailures = this.#counter(
    "score_ledger_failures_total",
    "Statements of commits that failed, by kind; and commits whose outcome is unknown.",
    ["kind"],
  );
  readonly #catchUps = this.#counter(
    "score_ranking_catch_ups_total",
    "Boards whose ranking was caught up from the ledger, or built anew.",
    ["kind"],
  );
  readonly #placing = this.#histogram(
    "score_ranking_lag_seconds",
    "From a batch's commit until its standings were in the ranking.",
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5],
  );
  readonly #ranksMissing = this.#counter(
    "score_ranks_missing_total",
    "Standings that were answered without a rank, since the ranking was unavailable.",
  );
  readonly #rankingFailures = this.#counter(
    "score_ranking_failures_total",
    "Scripts that Redis did not run, by kind.",
    ["kind"],
  );
  readonly #differences = this.#counter(
    "score_ranking_differences_total",
    "Players whom VerifyRanking found in the ranking otherwise than in the ledger.",
  );
  readonly #instancesLost = this.#counter(
    "score_instances_lost_total",
    "Other instances that stopped without a goodbye.",
  );
  readonly #frames = this.#counter(
    "score_watch_frames_total",
    "Frames that were sent, and that were skipped because a stream was not drained.",
    ["outcome"],
  );
  readonly #frameDelay = this.#histogram(
    "score_watch_delay_seconds",
    "From the notice of a change until its frame was handed to the streams.",
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 2.5],
  );
  readonly #keysFailures = this.#counter(
    "score_keys_failures_total",
    "Requests for the keys of tokens that failed.",
  );

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Adds the figures that other parts know, and which version this is. */
  watch(gauges: Gauges, version: string): void {
    for (const [key, [name, help, aggregator]] of Object.entries(gaugeTable)) {
      const read = gauges[key as keyof Gauges];
      if (read === undefined) continue;
      new Gauge({
        name,
        help,
        aggregator,
        registers: [this.registry],
        collect() {
          this.set(Number(read()));
        },
      });
    }
    const labelNames = ["version"];
    const help = "Always 1; tells the version.";
    const build = new Gauge({
      name: "score_build_info",
      help,
      aggregator: "first",
      labelNames,
      registers: [this.registry],
    });
    build.labels(version).set(1);
  }

  /** Counts these kinds from 0 on: a first failure is an increase, too. */
  expect(kinds: { readonly ledger: readonly string[]; readonly ranking: readonly string[] }): void {
    for (const kind of kinds.ledger) this.#commitFailures.labels(kind).inc(0);
    for (const kind of kinds.ranking) this.#rankingFailures.labels(kind).inc(0);
  }

  called(lane: string, method: string, code: string, seconds: number): void {
    this.#calls.labels(lane, method, code).observe(seconds);
  }

  refused(method: string, reason: string): void {
    this.#refusals.labels(method, reason).inc();
  }

  tokenRefused(reason: string): void {
    this.#tokenRefusals.labels(reason).inc();
  }

  failedUnexpectedly(): void {
    this.#unexpectedFailures.inc();
  }

  batched(events: number): void {
    this.#batchEvents.observe(events);
  }

  committed(seconds: number): void {
    this.#commits.observe(seconds);
  }

  commitFailed(kind: string): void {
    this.#commitFailures.labels(kind).inc();
  }

  placed(seconds: number, withoutRank: number): void {
    this.#placing.observe(seconds);
    if (withoutRank > 0) this.#ranksMissing.inc(withoutRank);
  }

  rankingFailed(kind: string): void {
    this.#rankingFailures.labels(kind).inc();
  }

  caughtUp(kind: "catch-up" | "rebuild"): void {
    this.#catchUps.labels(kind).inc();
  }

  differed(players: number): void {
    this.#differences.inc(players);
  }

  lost(instances: number): void {
    this.#instancesLost.inc(instances);
  }

  framed(sent: number, skipped: number, delaySeconds?: number): void {
    if (sent > 0) this.#frames.labels("sent").inc(sent);
    if (skipped > 0) this.#frames.labels("skipped").inc(skipped);
    if (delaySeconds !== undefined) this.#frameDelay.observe(delaySeconds);
  }

  keysFailed(): void {
    this.#keysFailures.inc();
  }

  /** Of this process, or what `figures` tells of several. */
  async text(figures = () => this.registry.metrics()): Promise<{ type: string; text: string }> {
    return { type: this.registry.contentType, text: await figures() };
  }

  #counter<T extends string = never>(name: string, help: string, labelNames: T[] = []): Counter<T> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  #histogram<T extends string = never>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: T[] = [],
  ): Histogram<T> {
    return new Histogram({ name, help, buckets, labelNames, registers: [this.registry] });
  }
}
