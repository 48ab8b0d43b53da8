/** A figure that is read when it is asked for; `true` is 1. */
type Read = () => number | boolean;

/** What the parts of the service know of themselves. */
export interface Gauges {
  readonly ready: Read;
  readonly ledgerUp: Read;
  readonly queuedEvents: Read;
  readonly maxQueuedEvents: Read;
  readonly boardsFilling: Read;
  readonly deletions: Read;
  readonly rankingUp: Read;
  readonly boardsBehind: Read;
  readonly checkpointLag: Read;
  readonly watches: Read;
  readonly maxWatches: Read;
  /** With keys at an address only. */
  readonly keysUp: Read | undefined;
  /** In seconds. */
  readonly keysAge: Read | undefined;
  /** Seconds since 1970; with TLS only. */
  readonly certificateEnd: Read | undefined;
}

/** What several processes on one port make of their figures. */
type Aggregator = "sum" | "min" | "max";

/** Their names, what they mean, and what they are for several workers. */
export const gaugeTable: Readonly<
  Record<keyof Gauges, readonly [name: string, help: string, aggregator: Aggregator]>
> = {
  ready: [
    "score_ready",
    "1 when /readyz says so: the ledger answers and no board is behind.",
    "min",
  ],
  ledgerUp: ["score_ledger_up", "1 when the ledger answered the last time it was asked.", "min"],
  queuedEvents: ["score_ledger_queued_events", "Events waiting for a commit.", "sum"],
  maxQueuedEvents: [
    "score_ledger_queued_events_max",
    "With so many waiting, more are refused.",
    "sum",
  ],
  boardsFilling: ["score_boards_filling", "New boards that are being filled from history.", "max"],
  deletions: [
    "score_deletions_pending",
    "Removed games and boards whose rows are not deleted.",
    "max",
  ],
  rankingUp: [
    "score_ranking_up",
    "1 when Redis is connected and the last script did not fail.",
    "min",
  ],
  boardsBehind: [
    "score_ranking_boards_behind",
    "Boards whose ranking is not yet the ledger's state.",
    "max",
  ],
  checkpointLag: [
    "score_ranking_checkpoint_lag_events",
    "Events that a catch-up of the ranking would go through.",
    "max",
  ],
  watches: ["score_watches", "Live watches.", "sum"],
  maxWatches: ["score_watches_max", "With so many live, more are refused.", "sum"],
  keysUp: [
    "score_keys_up",
    "1 when the address of the keys answered the last time it was asked.",
    "min",
  ],
  keysAge: [
    "score_keys_age_seconds",
    "How old the keys are; they are asked for as tokens come.",
    "max",
  ],
  certificateEnd: [
    "score_tls_certificate_expiry_timestamp_seconds",
    "When the TLS certificate ends, in seconds since 1970.",
    "min",
  ],
};
