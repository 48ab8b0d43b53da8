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
const explored: Explored = {
  schedules: details.numRuns,
  cpuMs: Math.round((user + system) / 1_000),
  failure: details.failed ? failure() : undefined,
};
parentPort?.postMessage(explored);

function failure(): Error {
  const { counterexamplePath, counterexample, numShrinks, errorInstance } = details;
  const { scheduler, ...scenario } = counterexample?.[0] ?? {};
  const lines = [
    `FAULT_SEED=${details.seed} FAULT_PATH=${counterexamplePath} (after ${numShrinks} shrinks)`,
    fc.stringify(scenario),
    ...(path === undefined ? [] : [String(scheduler)]),
  ];
  return new Error(lines.join("\n"), { cause: errorInstance });
}
