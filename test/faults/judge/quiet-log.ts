import type { History, Violation } from "./history.ts";

/** No instance logged a failure of its own or ended by itself: a fault outside is none. */
export function checkQuietLog({ complaints }: History): Violation[] {
  return complaints.map(({ source, what }) => ({
    promise: "quiet log",
    what: `${source}: ${what}`,
  }));
}
