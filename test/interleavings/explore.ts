import type { TestContext } from "node:test";
import fc from "fast-check";

/** Below the time limit of a test. The longest takes some 40 s of CPU. */
const longestMs = 200_000;

/**
 * Holds a property in `schedules` orders of events, other ones in every run. A
 * failure is shrunk and tells how to see that one case again, with its turns:
 *
 *     FAULT_SEED=<seed> FAULT_PATH=<path> npm run --silent test:files -- \
 *       --test-name-pattern '<the test>' 'test/interleavings/*.test.ts'
 *
 * FAULT_SEED alone repeats a whole run; FAULT_TIMES=3 explores three times as many orders. To
 * have explored fewer than was asked for is a failure of its own.
 */
export async function explore<T extends { readonly scheduler: fc.Scheduler }>(
  t: TestContext,
  schedules: number,
  scenarios: fc.Arbitrary<T>,
  hold: (scenario: T) => Promise<void>,
): Promise<void> {
  const { FAULT_SEED, FAULT_PATH, FAULT_TIMES = "1" } = process.env;
  const began = process.cpuUsage();
  const details = await fc.check(fc.asyncProperty(scenarios, hold), {
    numRuns: Math.ceil(schedules * Number(FAULT_TIMES)),
    interruptAfterTimeLimit: longestMs,
    ...(FAULT_SEED === undefined ? {} : { seed: Number(FAULT_SEED) }),
    ...(FAULT_PATH === undefined ? {} : { path: FAULT_PATH }),
  });
  const { user, system } = process.cpuUsage(began);
  t.diagnostic(`${details.numRuns} schedules in ${Math.round((user + system) / 1_000)} ms of CPU`);
  if (!details.failed) {
    // A path is a single case.
    const planned = FAULT_PATH === undefined ? schedules * Number(FAULT_TIMES) : 1;
    if (details.numRuns >= planned) return;
    throw new Error(`${details.numRuns} of ${planned} schedules in ${longestMs} ms`);
  }
  const { seed, counterexamplePath, counterexample, numShrinks, errorInstance } = details;
  const { scheduler, ...scenario } = counterexample?.[0] ?? {};
  throw new Error(
    [
      `FAULT_SEED=${seed} FAULT_PATH=${counterexamplePath} (after ${numShrinks} shrinks)`,
      fc.stringify(scenario),
      ...(FAULT_PATH === undefined ? [] : [String(scheduler)]),
    ].join("\n"),
    { cause: errorInstance },
  );
}
