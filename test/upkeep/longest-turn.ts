/** A tick this often, in ms; the event loop comes by at least once between two of them. */
const tickMs = 2;

/** Finds the longest time of the processor that this thread took between two ticks of a timer. */
export class LongestTurn {
  longestMs = 0;
  readonly #timer: NodeJS.Timeout;
  #used = process.threadCpuUsage();

  constructor() {
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  /** Stops looking. */
  end(): this {
    clearInterval(this.#timer);
    this.#tick();
    return this;
  }

  #tick(): void {
    const { user, system } = process.threadCpuUsage(this.#used);
    this.#used = process.threadCpuUsage();
    this.longestMs = Math.max(this.longestMs, (user + system) / 1_000);
  }
}
