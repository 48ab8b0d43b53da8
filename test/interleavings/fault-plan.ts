import fc from "fast-check";

/**
 * What may become of a call: `refused` before it is done, `lost` is its answer,
 * `late` is the call itself, done after its caller was told that it failed, and
 * `doubled` is it on its way.
 */
export type Fault = "refused" | "lost" | "late" | "doubled";

/** A fault that strikes after `after` calls without one. */
interface PlannedFault {
  readonly after: number;
  readonly fault: Fault;
}

/** Faults to come; shrinks to few, early ones. */
export const plannedFaults = (maxLength: number): fc.Arbitrary<PlannedFault[]> =>
  fc.array(
    fc.record({
      after: fc.nat(12),
      fault: fc.constantFrom<Fault>("refused", "lost", "late", "doubled"),
    }),
    { maxLength, size: "max" },
  );

/** Deals planned faults to the calls, in the order in which they are made. */
export class FaultPlan {
  #faults: readonly PlannedFault[] = [];
  /** Calls since the last fault. */
  #calls = 0;

  /** What becomes of every commit until it is over. */
  outage: Fault | undefined;

  /** What becomes of the next call; undefined: nothing bad. */
  next(label: string): Fault | undefined {
    if (label === "commit" && this.outage) return this.outage;
    const [planned, ...rest] = this.#faults;
    if (planned === undefined) return undefined;
    this.#calls += 1;
    if (this.#calls <= planned.after) return undefined;
    this.#calls = 0;
    this.#faults = rest;
    return planned.fault;
  }

  /** From now on these. */
  plan(faults: readonly PlannedFault[]): void {
    this.#faults = faults;
    this.#calls = 0;
  }

  /** From now on all goes well. */
  end(): void {
    this.plan([]);
    this.outage = undefined;
  }
}
