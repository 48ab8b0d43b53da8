import { Latencies } from "./latencies.ts";

/** What a load counts from `begin` on, and how long it took. */
export class Tally {
  #beganAt = 0;
  #count = 0;
  #latencies = new Latencies();

  begin(): void {
    this.#count = 0;
    this.#latencies = new Latencies();
    this.#beganAt = performance.now();
  }

  counted(count: number): void {
    this.#count += count;
  }

  took(ms: number): void {
    this.#latencies.add(ms);
  }

  /** Seconds and what was counted since `begin`, and times as `Latencies` tells them. */
  read<const S extends readonly number[]>(...shares: S) {
    return {
      seconds: (performance.now() - this.#beganAt) / 1_000,
      count: this.#count,
      percentiles: this.#latencies.percentiles(...shares),
    };
  }
}
