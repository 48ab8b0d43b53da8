import { monotonicClock } from "../model/clock.ts";

/** Signals within this time are one request, in ms. */
const sameRequestMs = 1_000;

/**
 * Calls `stop` at the first request to stop. Another signal more than a second
 * later ends the process at once; sooner it is the same request: npm repeats a
 * terminal's Ctrl-C, and systemd tells workers and primary process alike.
 */
export class StopRequests {
  readonly #stop: (reason: string) => void;
  /** By the monotonic clock; undefined until the first. */
  #firstAt: number | undefined;

  constructor(stop: (reason: string) => void) {
    this.#stop = stop;
  }

  on(...signals: NodeJS.Signals[]): void {
    for (const signal of signals) {
      process.on(signal, () => {
        if (this.#firstAt === undefined) this.request(signal);
        else if (monotonicClock() - this.#firstAt > sameRequestMs) process.exit(1);
      });
    }
  }

  /** Changes nothing after the first. */
  request(reason: string): void {
    if (this.#firstAt !== undefined) return;
    this.#firstAt = monotonicClock();
    this.#stop(reason);
  }
}
