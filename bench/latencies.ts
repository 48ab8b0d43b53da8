/** Times in ms of a measure. */
export class Latencies {
  readonly #times: number[] = [];

  add(ms: number): void {
    this.#times.push(ms);
  }

  /** The least time that the given shares of all were not above; throws without any time. */
  percentiles<const S extends readonly number[]>(...shares: S): { [K in keyof S]: number } {
    const sorted = Float64Array.from(this.#times).sort();
    if (sorted.length === 0) throw new Error("nothing was measured");
    return shares.map((share) => sorted[Math.ceil(share * sorted.length) - 1]) as {
      [K in keyof S]: number;
    };
  }
}
