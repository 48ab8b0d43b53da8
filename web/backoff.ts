/** The wait before the first try after a reset. */
const firstMs = 250;

/**
 * The longest wait, and how long a line must hold before the waits start over.
 * With the time to connect it keeps a page right within 3 s of the service's return.
 */
export const longestMs = 2_000;

/** Waits that double from 250 ms to 2 s, each shortened by chance, so that viewers don't return all at once. */
export class Backoff {
  readonly #random: () => number;
  /** The next wait in ms before chance shortens it; within `firstMs` to `longestMs`. */
  #ceiling = firstMs;

  /** `random` gives numbers from 0 up to 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** The next wait in ms: from half of the ceiling up to all of it. */
  next(): number {
    const wait = this.#ceiling * (0.5 + this.#random() / 2);
    this.#ceiling = Math.min(this.#ceiling * 2, longestMs);
    return wait;
  }

  /** The next wait is a first one again. */
  reset(): void {
    this.#ceiling = firstMs;
  }
}
