import { ScoreError } from "../model/score-error.ts";

/** How many may watch an instance at a time; 0 is without limit for the second. */
export interface WatchLimits {
  readonly maxWatches: number;
  readonly maxWatchesPerCaller: number;
}

/** The places of an instance for watches: as many as it serves, and no more than his share for one caller. */
export class WatchPlaces {
  readonly #limits: WatchLimits;
  /** Never more than `maxWatches`. */
  #taken = 0;
  /** Of those who have one at least; never more than `maxWatchesPerCaller`. */
  readonly #ofCallers = new Map<string, number>();

  constructor(limits: WatchLimits) {
    this.#limits = limits;
  }

  get taken(): number {
    return this.#taken;
  }

  /**
   * Gives how to leave the place, which may be done twice. A `caller` that is
   * undefined has a share of any size. Throws `too_many_watches`.
   */
  take(caller: string | undefined): () => void {
    const { maxWatches, maxWatchesPerCaller } = this.#limits;
    if (this.#taken >= maxWatches) {
      throw tooMany("this instance has as many watches as it may");
    }
    if (caller !== undefined && maxWatchesPerCaller > 0) {
      if (this.#of(caller) >= maxWatchesPerCaller) {
        throw tooMany(`one caller may have ${maxWatchesPerCaller} watches`);
      }
    }
    this.#change(caller, 1);
    let isTaken = true;
    return () => {
      if (isTaken) this.#change(caller, -1);
      isTaken = false;
    };
  }

  #of(caller: string): number {
    return this.#ofCallers.get(caller) ?? 0;
  }

  #change(caller: string | undefined, by: 1 | -1): void {
    this.#taken += by;
    if (caller === undefined) return;
    const count = this.#of(caller) + by;
    if (count > 0) this.#ofCallers.set(caller, count);
    else this.#ofCallers.delete(caller);
  }
}

function tooMany(message: string): ScoreError {
  return new ScoreError("too_many_watches", message, { retryAfterMs: 5_000 });
}
