import { setImmediate as nextTurn } from "node:timers/promises";
import type fc from "fast-check";

const now = Promise.resolve();

/**
 * One order in which things happen, of all that are possible: whatever travels
 * or waits for time takes its turn here, and fast-check picks whose turn it is.
 * Between two turns everything that only waits for promises runs to its end, as
 * it does between two events of the machine.
 */
export class Schedule {
  readonly #scheduler: fc.Scheduler;
  /** Turns taken so far. */
  turns = 0;

  constructor(scheduler: fc.Scheduler) {
    this.#scheduler = scheduler;
  }

  /** Resolves when it is its turn. */
  turn(label: string): Promise<void> {
    return this.#scheduler.schedule(now, label);
  }

  /** Lets the next `count` take their turns, as far as there are any. */
  async run(count: number): Promise<void> {
    for (let left = count; ; left -= 1) {
      await nextTurn();
      if (left <= 0 || this.#scheduler.count() === 0) return;
      this.turns += 1;
      await this.#scheduler.waitNext(1);
    }
  }

  /** Goes on as long as `unrest` names something; rejects with it after `limit` turns or when nothing can happen. */
  async runUntilQuiet(unrest: () => string | undefined, limit = 5_000): Promise<void> {
    const last = this.turns + limit;
    for (let why = unrest(); why !== undefined; why = unrest()) {
      const before = this.turns;
      await this.run(1);
      if (this.turns > last) throw new Error(`not after ${limit} turns: ${why}`);
      if (this.turns === before && unrest() !== undefined) throw new Error(`for ever: ${why}`);
    }
  }

  /** Nothing is left to happen. */
  get isOver(): boolean {
    return this.#scheduler.count() === 0;
  }
}
