import { keptMs, type Points, stepMs } from "./race-history.ts";

interface Sample {
  readonly at: number;
  readonly changes: bigint;
  /** Changes a second since the sample before; null: not known. */
  readonly rate: number | null;
}

/** A rate older than this is not the current one, in ms. */
const currentMs = 3_000;
/** But a board that rests is heard of only by heartbeats, each 15 s. */
const restingMs = 16_000;

/** How many changes a second a board had during the last five minutes, from its running count. */
export class RateHistory {
  /** By time; at most 5 minutes, at most one each half second. */
  #samples: Sample[] = [];
  #isInterrupted = true;

  /** Takes the board's count of changes at `now` (epoch ms). True when it became a point. */
  add(changes: bigint, now: number): boolean {
    const last = this.#samples.at(-1);
    if (last && now < last.at) this.#samples = [];
    else if (last && !this.#isInterrupted && now - last.at < stepMs) return false;
    this.#samples.push({ at: now, changes, rate: this.#rateSince(last, changes, now) });
    this.#isInterrupted = false;
    const firstKept = this.#samples.findIndex(({ at }) => now - at <= keptMs);
    if (firstKept > 0) this.#samples.splice(0, firstKept);
    return true;
  }

  /** The time until the next sample has no rate. */
  interrupt(): void {
    this.#isInterrupted = true;
  }

  points(): Points {
    return [this.#samples.map(({ at }) => at / 1_000), this.#samples.map(({ rate }) => rate)];
  }

  /** The mean of the last three seconds; undefined when nothing was heard for so long and the board does not rest. */
  current(now: number): number | undefined {
    const last = this.#samples.at(-1);
    if (last?.rate === 0 && now - last.at <= restingMs) return 0;
    const recent = this.#samples.filter(({ at, rate }) => rate !== null && now - at <= currentMs);
    if (recent.length === 0) return undefined;
    return recent.reduce((sum, { rate }) => sum + (rate ?? 0), 0) / recent.length;
  }

  /** A count that went back belongs to a board that was made anew. */
  #rateSince(last: Sample | undefined, changes: bigint, now: number): number | null {
    if (!last || this.#isInterrupted || changes < last.changes || now <= last.at) return null;
    return (Number(changes - last.changes) * 1_000) / (now - last.at);
  }
}
