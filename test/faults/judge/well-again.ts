import type { History, Violation } from "./history.ts";

/**
 * After the last fault ended, everything is as the ledger says within this
 * long, in ms. An instance that died for good is given up after 20 s, and a
 * commit whose answer was lost may still happen for 12 s.
 */
export const soonMs = 30_000;

/** Each ranking and each watcher was soon as the acknowledged events say. */
export function checkWellAgain({ healings }: History): Violation[] {
  return healings
    .filter(({ ms, wrong }) => ms > soonMs || wrong !== undefined)
    .map(({ fault, ms, wrong = "all was well at last" }) => ({
      promise: "well again",
      what: `${Math.round(ms)} ms after ${fault} was over: ${wrong}`,
    }));
}
