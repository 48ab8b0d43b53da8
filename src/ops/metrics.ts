import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** Figures that are read when they are asked for. */
export interface Gauges {
  readonly queuedEvents: () => number;
  readonly watches: () => number;
  readonly boardsBehind: () => number;
}

/** What the service counts, for Prometheus. */
export class Metrics {
  readonly registry = new Registry();
  readonly #calls: Histogram<"lane" | "method" | "code">;
  readonly #batchEvents: Histogram;
  readonly #frames: Counter<"outcome">;
  readonly #catchUps: Counter<"kind">;
  readonly #placing: Histogram;

  constructor() {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.#calls = new Histogram({
      name: "score_call_seconds",
      help: "Calls by lane, method and code; of streams, the time they were open.",
      labelNames: ["lane", "method", "code"],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    });
    this.#batchEvents = new Histogram({
      name: "score_ledger_batch_events",
      help: "Events committed together.",
      buckets: [1, 4, 16, 64, 128, 256, 512, 1024],
      registers,
    });
    this.#frames = new Counter({
      name: "score_watch_frames_total",
      help: "Frames that were sent, and that were skipped because a stream was not drained.",
      labelNames: ["outcome"],
      registers,
    });
    this.#catchUps = new Counter({
      name: "score_ranking_catch_ups_total",
      help: "Boards whose ranking was caught up from the ledger, or built anew.",
      labelNames: ["kind"],
      registers,
    });
    this.#placing = new Histogram({
      name: "score_ranking_lag_seconds",
      help: "From a batch's commit until its standings were in the ranking.",
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5],
      registers,
    });
  }

  /** Adds the figures that other parts know. */
  watch(gauges: Gauges): void {
    this.#gauge("score_ledger_queued_events", "Events waiting for a commit.", gauges.queuedEvents);
    this.#gauge("score_watches", "Live watches.", gauges.watches);
    const behind = "Boards whose ranking is not yet the ledger's state.";
    this.#gauge("score_ranking_boards_behind", behind, gauges.boardsBehind);
  }

  called(lane: string, method: string, code: string, seconds: number): void {
    this.#calls.labels(lane, method, code).observe(seconds);
  }

  committed(events: number): void {
    this.#batchEvents.observe(events);
  }

  placed(seconds: number): void {
    this.#placing.observe(seconds);
  }

  framed(sent: number, skipped: number): void {
    if (sent > 0) this.#frames.labels("sent").inc(sent);
    if (skipped > 0) this.#frames.labels("skipped").inc(skipped);
  }

  caughtUp(kind: "catch-up" | "rebuild"): void {
    this.#catchUps.labels(kind).inc();
  }

  async text(): Promise<{ type: string; text: string }> {
    return { type: this.registry.contentType, text: await this.registry.metrics() };
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }
}
