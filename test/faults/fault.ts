import { setTimeout as pause } from "node:timers/promises";
import type { Dice } from "./dice.ts";
import type { Tolerance } from "./judge/history.ts";
import type { Stage } from "./stage.ts";

/** Something that goes wrong for a while. */
export interface Fault<S extends Stage> {
  readonly name: string;
  /** Faults of one target don't strike at the same time. */
  readonly target: string;
  /** What may be refused meanwhile. */
  readonly tolerates: Tolerance;
  /** Too long to be among others: they would hardly be felt. */
  readonly isLong?: boolean;
  /** Does it and undoes it; resolves when all that was broken could work again. */
  readonly strike: (stage: S, dice: Dice) => Promise<void>;
}

/** Longer than any other fault that may keep this one from being felt. */
const feltWithinMs = 20_000;

/** Asks again and again until it is felt; rejects when it never is: a fault that strikes nothing proves nothing. */
export async function untilFelt(isFelt: (round: number) => Promise<boolean>): Promise<void> {
  const end = performance.now() + feltWithinMs;
  for (let round = 1; !(await isFelt(round)); round += 1) {
    if (performance.now() > end) throw new Error("it was never felt");
    await pause(10);
  }
}
