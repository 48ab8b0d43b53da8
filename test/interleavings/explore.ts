import { once } from "node:events";
import type { TestContext } from "node:test";
import { Worker } from "node:worker_threads";
import type { ExplorationName } from "./explorations.ts";

/** What the explorer is to do. */
export interface Plan {
  readonly name: ExplorationName;
  readonly schedules: number;
  readonly longestMs: number;
  readonly seed: number | undefined;
  readonly path: string | undefined;
}

/** What it did and found. */
export interface Explored {
  readonly schedules: number;
  readonly cpuMs: number;
  /** How to see it again, and why. */
  readonly failure: Error | undefined;
}

/** Below the time limit of a test. The longest takes some 25 s of CPU. */
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
 *
 * In a thread of its own: node:test follows each promise of its own thread, which takes seven
 * times as long as all else here.
 */
export async function explore(
  t: TestContext,
  schedules: number,
  name: ExplorationName,
): Promise<void> {
  const { FAULT_SEED, FAULT_PATH, FAULT_TIMES = "1" } = process.env;
  // A path is a single case.
  const planned = FAULT_PATH === undefined ? Math.ceil(schedules * Number(FAULT_TIMES)) : 1;
  const explored = await exploreApart(t, {
    name,
    schedules: planned,
    longestMs,
    seed: FAULT_SEED === undefined ? undefined : Number(FAULT_SEED),
    path: FAULT_PATH,
  });
  t.diagnostic(`${explored.schedules} schedules in ${explored.cpuMs} ms of CPU`);
  if (explored.failure) throw explored.failure;
  if (explored.schedules < planned) {
    throw new Error(`${explored.schedules} of ${planned} schedules in ${longestMs} ms`);
  }
}

/** Rejects with what nobody caught there, and when it ends without a word. */
async function exploreApart(t: TestContext, plan: Plan): Promise<Explored> {
  const worker = new Worker(new URL("explorer.ts", import.meta.url), { workerData: plan });
  const end = () => void worker.terminate();
  t.signal.addEventListener("abort", end);
  try {
    const ended = once(worker, "exit").then(([code]) => {
      throw new Error(`the explorer ended with ${code}`);
    });
    const [explored] = await Promise.race([once(worker, "message"), ended]);
    return explored;
  } finally {
    t.signal.removeEventListener("abort", end);
    await worker.terminate();
  }
}
