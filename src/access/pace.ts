import { LRUCache } from "lru-cache";
import type { Clock } from "../model/clock.ts";

interface PaceOptions {
  /** The time between two turns of one caller, in ms. */
  readonly spacingMs: number;
  /** Turns in a row that need not wait. */
  readonly free: number;
  /** No turn is later than this. */
  readonly longestMs: number;
  readonly now: Clock;
}

/**
 * Calls that may wait at a time, whoever made them: 46 KiB each. Those beyond
 * are told at once, or a flood from many connections would fill the memory.
 */
const maxWaiting = 2_000;

/** Callers that are remembered, 100 bytes each; whoever is forgotten begins anew. */
const maxRemembered = 100_000;

/**
 * Turns at a steady pace, for each caller apart. Those who wait hold their
 * place on their connection, of which there is a given number: that is what
 * slows a flood down, at the price of a timer for each call.
 */
export class Pace {
  readonly #options: PaceOptions;
  /** When the caller's next turn is, by the clock; past for those who need not wait. */
  readonly #nextAt = new LRUCache<string, number>({ max: maxRemembered });
  /** Calls whose turn is yet to come; never more than `maxWaiting`. */
  #waiting = 0;

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  /** True while the next turn of this caller would have to wait. */
  isBehind(caller: string): boolean {
    return (this.#nextAt.get(caller) ?? 0) > this.#options.now();
  }

  /** Resolves when it is this call's turn, with the time that it took in ms. */
  async turn(caller: string): Promise<number> {
    const { spacingMs, free, longestMs, now } = this.#options;
    const time = now();
    const rested = time - free * spacingMs;
    const at = Math.min(Math.max(this.#nextAt.get(caller) ?? 0, rested), time + longestMs);
    this.#nextAt.set(caller, at + spacingMs);
    const waitMs = Math.max(0, at - time);
    if (waitMs === 0 || this.#waiting >= maxWaiting) return 0;
    this.#waiting += 1;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    this.#waiting -= 1;
    return waitMs;
  }
}
