/** How long a row glides to its new place, in ms. */
export const glideMs = 320;

/**
 * The curve of a glide, for the browser; `restOf` is the same in numbers.
 * With 1/3 and 2/3 the curve's time is linear and its way exactly 1 − (1 − t)³.
 */
export const glideEasing = `cubic-bezier(${1 / 3}, 1, ${2 / 3}, 1)`;

/** A row that has to move: from so many rows below (negative: above) its new place. */
export interface Glide {
  /** The row's new place, from 0. */
  readonly index: number;
  readonly from: number;
}

interface Start {
  readonly from: number;
  readonly at: number;
}

/**
 * Finds out which rows glide, from their places in the list alone: all rows
 * are equally high, so nothing has to be measured. A row that is still on its
 * way goes on from where it is.
 */
export class Glides {
  #places: ReadonlyMap<string, number> | undefined;
  /** Rows under way; entries that have arrived are dropped at the next move. */
  readonly #starts = new Map<string, Start>();

  /** The rows that have to move when the order becomes `keys` at `now` (ms); none for rows that are new. */
  moved(keys: readonly string[], now: number): Glide[] {
    const before = this.#places;
    this.#places = new Map(keys.map((key, index) => [key, index]));
    for (const [key, start] of this.#starts) {
      if (restOf(start, now) === 0 || !this.#places.has(key)) this.#starts.delete(key);
    }
    if (before === undefined) return [];
    return keys.flatMap((key, index) => {
      const place = before.get(key);
      if (place === undefined || place === index) return [];
      const underWay = this.#starts.get(key);
      const from = place - index + (underWay ? restOf(underWay, now) : 0);
      this.#starts.set(key, { from, at: now });
      return [{ index, from }];
    });
  }
}

/** How far a row that started so still is from its place, in rows. */
function restOf({ from, at }: Start, now: number): number {
  const left = 1 - Math.min(Math.max((now - at) / glideMs, 0), 1);
  return from * left ** 3;
}
