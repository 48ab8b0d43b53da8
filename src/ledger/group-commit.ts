import { ScoreError } from "../model/score-error.ts";
import type { Timers } from "../model/timers.ts";

/** What became of one item of a batch. */
export type Outcome<R> = { readonly value: R } | { readonly error: unknown };

/** How a GroupCommit works and what it is bounded by. */
export interface GroupCommitOptions<I, R> {
  /** Commits a batch; one outcome an item, in order. A rejection fails the whole batch. */
  readonly commit: (items: readonly I[]) => Promise<readonly Outcome<R>[]>;
  /** Two items with one key never share a batch: the later waits for the next. */
  readonly keyOf: (item: I) => string;
  /**
   * Items with one of these commit in the order of their arrival: while a batch
   * holds some, the others wait for its end, or they could overtake it.
   */
  readonly orderOf: (item: I) => string;
  readonly maxQueued: number;
  readonly maxBatch: number;
  readonly maxInFlight: number;
  /** Items that waited longer than this many ms are refused as unavailable. */
  readonly maxWaitMs: number;
  /** Monotonic. */
  readonly now: () => number;
  readonly timers: Timers;
  readonly onBatch?: (size: number, queued: number) => void;
}

interface Waiting<I, R> {
  readonly item: I;
  readonly since: number;
  readonly deadline: number;
  readonly resolve: (value: R) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Collects what is submitted while a batch is in flight and commits it as the
 * next one: under load the cost of a commit is shared, and a lone item waits
 * for no timer.
 */
export class GroupCommit<I, R> {
  readonly #options: GroupCommitOptions<I, R>;
  /** Items for the next batches, oldest first; never more than `maxQueued`. */
  #queue: Waiting<I, R>[] = [];
  /** Batches under way; never more than `maxInFlight`. */
  readonly #inFlight = new Set<Promise<void>>();
  /** The `orderOf` of every item under way; no two batches share one. */
  readonly #ordersInFlight = new Set<string>();
  #scheduled = false;
  #closed = false;
  #idle = Promise.withResolvers<void>();

  constructor(options: GroupCommitOptions<I, R>) {
    this.#options = options;
  }

  /** How many items wait for a batch. */
  get queued(): number {
    return this.#queue.length;
  }

  /**
   * Resolves with the item's outcome. Rejects `ledger_busy` at once when the
   * queue is full and `deadline_exceeded` when `deadline` (by `now`) passed
   * while the item still waited.
   */
  submit(item: I, deadline = Number.POSITIVE_INFINITY): Promise<R> {
    if (this.#closed) {
      return Promise.reject(
        new ScoreError("shutting_down", "the service is shutting down", { retryAfterMs: 1_000 }),
      );
    }
    if (this.#queue.length >= this.#options.maxQueued) {
      return Promise.reject(
        new ScoreError("ledger_busy", "too many events are waiting", { retryAfterMs: 250 }),
      );
    }
    return new Promise<R>((resolve, reject) => {
      this.#queue.push({ item, since: this.#options.now(), deadline, resolve, reject });
      this.#schedule();
    });
  }

  /** Resolves when the batches that are under way now have ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#inFlight);
  }

  /** Commits what was accepted; later items are refused. May be called twice. */
  close(): Promise<void> {
    this.#closed = true;
    this.#settle();
    return this.#idle.promise;
  }

  /** Requests that one socket read brought in together share a batch. */
  #schedule(): void {
    if (this.#scheduled || this.#inFlight.size >= this.#options.maxInFlight) return;
    this.#scheduled = true;
    this.#options.timers.soon(() => {
      this.#scheduled = false;
      this.#run();
    });
  }

  #run(): void {
    const batch = this.#take();
    if (batch.length > 0) {
      this.#options.onBatch?.(batch.length, this.#queue.length);
      const orders = new Set(batch.map(({ item }) => this.#options.orderOf(item)));
      for (const order of orders) this.#ordersInFlight.add(order);
      const committing = this.#commit(batch).then(() => {
        this.#inFlight.delete(committing);
        for (const order of orders) this.#ordersInFlight.delete(order);
        if (this.#queue.length > 0) this.#schedule();
        this.#settle();
      });
      this.#inFlight.add(committing);
      if (this.#queue.length > 0) this.#schedule();
    }
    this.#settle();
  }

  #settle(): void {
    if (this.#closed && this.#inFlight.size === 0 && this.#queue.length === 0) this.#idle.resolve();
  }

  /** Looks no further than past `maxBatch` items that must wait: a long queue costs no more. */
  #take(): Waiting<I, R>[] {
    const { keyOf, orderOf, maxBatch, maxWaitMs, now } = this.#options;
    const time = now();
    const batch: Waiting<I, R>[] = [];
    const later: Waiting<I, R>[] = [];
    const keys = new Set<string>();
    const laterOrders = new Set<string>();
    let taken = 0;
    for (const waiting of this.#queue) {
      if (batch.length >= maxBatch || later.length >= maxBatch) break;
      taken += 1;
      const key = keyOf(waiting.item);
      const order = orderOf(waiting.item);
      if (time >= waiting.deadline) {
        waiting.reject(new ScoreError("deadline_exceeded", "the deadline passed"));
      } else if (time - waiting.since > maxWaitMs) {
        waiting.reject(
          new ScoreError("ledger_unavailable", "the ledger is unavailable", {
            retryAfterMs: 1_000,
          }),
        );
      } else if (keys.has(key) || this.#ordersInFlight.has(order) || laterOrders.has(order)) {
        laterOrders.add(order);
        later.push(waiting);
      } else {
        keys.add(key);
        batch.push(waiting);
      }
    }
    this.#queue = [...later, ...this.#queue.slice(taken)];
    return batch;
  }

  async #commit(batch: readonly Waiting<I, R>[]): Promise<void> {
    try {
      const outcomes = await this.#options.commit(batch.map((waiting) => waiting.item));
      batch.forEach((waiting, index) => {
        const outcome = outcomes[index];
        if (outcome === undefined) waiting.reject(new Error("a batch lost an item"));
        else if ("value" in outcome) waiting.resolve(outcome.value);
        else waiting.reject(outcome.error);
      });
    } catch (error) {
      for (const waiting of batch) waiting.reject(error);
    }
  }
}
