import { parentPort, workerData } from "node:worker_threads";
import fc from "fast-check";
import { explorations } from "./explorations.ts";
import type { Explored, Plan } from "./explore.ts";

const { name, schedules, longestMs, seed, path } = workerData as Plan;

const began = process.threadCpuUsage();
const details = await fc.check<[{ readonly scheduler: fc.Scheduler }]>(
  explorations[name] as never,
  {
    numRuns: schedules,
    interruptAfterTimeLimit: longestMs,
    ...(seed === undefined ? {} : { seed }),
    ...(path === undefined ? {} : { path }),
  },
);
const { user, system } = process.threadCpuUsage(began);
const { numRuns, failed, counterexamplePath, counterexample, numShrinks, errorInstance } = details;
const { scheduler, ...scenario } = counterexample?.[0] ?? {};
const explored: Explored = {
  schedules: numRuns,
  cpuMs: Math.round((user + system) / 1_000),
  failure: failed
    ? {
        seed: details.seed,
        path: String(counterexamplePath),
        shrinks: numShrinks,
        scenario: fc.stringify(scenario),
        turns: String(scheduler),
        error: errorInstance,
      }
    : undefined,
};
parentPort?.postMessage(explored);
