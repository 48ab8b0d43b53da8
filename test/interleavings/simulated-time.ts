import type { Timers } from "../../src/model/timers.ts";
import type { Lifetime } from "./lifetime.ts";
import type { Schedule } from "./schedule.ts";

interface Timer {
  readonly due: number;
  readonly owner: Lifetime;
  readonly callback: () => void;
}

/**
 * Time that passes when it is its turn: then it is as late as the next timer
 * is due. Timers keep their order, but anything else may come before or after.
 */
export class SimulatedTime {
  readonly #schedule: Schedule;
  /** Epoch ms. */
  #now = 1_000_000;
  /** By when they are due. */
  #timers: Timer[] = [];
  #isPassing = false;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  readonly now = (): number => this.#now;

  /** How many timers of an instance are running. */
  running(owner: Lifetime): number {
    return this.#timers.filter((timer) => timer.owner === owner).length;
  }

  timersOf(owner: Lifetime): Timers {
    const after = (ms: number, callback: () => void) => {
      const timer = { due: this.#now + ms, owner, callback };
      this.#add(timer);
      return () => {
        this.#timers = this.#timers.filter((one) => one !== timer);
      };
    };
    return {
      after,
      tidyAfter: (ms, callback) => void after(ms, callback),
      every(ms, callback) {
        let callOff = () => {};
        const next = () => {
          callOff = after(ms, () => {
            next();
            callback();
          });
        };
        next();
        return () => callOff();
      },
      soon: (callback) => void this.#schedule.turn("soon").then(() => owner.isOver || callback()),
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          if (signal?.aborted) return reject(signal.reason);
          const callOff = after(ms, () => {
            signal?.removeEventListener("abort", abort);
            resolve();
          });
          const abort = () => {
            callOff();
            reject(signal?.reason);
          };
          signal?.addEventListener("abort", abort, { once: true });
        }),
    };
  }

  #add(timer: Timer): void {
    const later = this.#timers.findIndex(({ due }) => due > timer.due);
    this.#timers.splice(later < 0 ? this.#timers.length : later, 0, timer);
    this.#pass();
  }

  #pass(): void {
    if (this.#isPassing || this.#timers.length === 0) return;
    this.#isPassing = true;
    void this.#schedule.turn("time passes").then(() => {
      this.#isPassing = false;
      const timer = this.#timers.shift();
      if (timer) this.#now = Math.max(this.#now, timer.due);
      if (timer && !timer.owner.isOver) timer.callback();
      this.#pass();
    });
  }
}
