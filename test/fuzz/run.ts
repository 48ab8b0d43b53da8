import { randomInt } from "node:crypto";
import fc from "fast-check";

/** How much is fuzzed, and from which seed. */
export interface FuzzRun {
  readonly seed: number;
  /** So many times as many cases as a test asks for. */
  readonly factor: number;
}

/** `FAULT_SEED` repeats a run, `FUZZ_RUNS=20` makes it twenty times as long. */
export function fuzzRun(env: NodeJS.ProcessEnv = process.env): FuzzRun {
  return {
    seed: Number(env.FAULT_SEED ?? randomInt(2 ** 31 - 1)),
    factor: Number(env.FUZZ_RUNS ?? 1),
  };
}

/** To find a smaller case that fails, where each may take as long as a call that hangs. */
const patience = {
  includeErrorInReport: true,
  interruptAfterTimeLimit: 60_000,
  markInterruptAsFailure: true,
};

/** What nobody wants to read of a body. */
const longBytes = /((?:\d+,){100})[\d,]+/g;

/**
 * Holds `check` against `cases` values of `arbitrary`, one after the other,
 * others for another `salt`; rejects with the smallest that fails, and the seed. Resolves with how many
 * there were.
 */
export async function fuzz<T>(
  { seed, factor }: FuzzRun,
  { cases, salt }: { readonly cases: number; readonly salt: number },
  arbitrary: fc.Arbitrary<T>,
  check: (value: T) => Promise<void>,
): Promise<number> {
  const numRuns = Math.ceil(cases * factor);
  try {
    await fc.assert(fc.asyncProperty(arbitrary, check), {
      seed: seed + salt,
      numRuns,
      ...patience,
    });
  } catch (error) {
    const message = (error as Error).message.replace(longBytes, "$1...");
    throw new Error(`FAULT_SEED=${seed}: ${message}`);
  }
  return numRuns;
}
