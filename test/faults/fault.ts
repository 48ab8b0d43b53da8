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
  /**
   * Does it and undoes it; resolves when all that was broken could work again.
   * When it strikes alone nothing else may keep it from being felt.
   */
  readonly strike: (stage: S, dice: Dice, isAlone: boolean) => Promise<void>;
}

/** Much longer than anything takes that a fault alone leaves to work. */
const feltWithinMs = 20_000;
/** Beside other faults: one of them may keep it from being felt. */
const patienceMs = 5_000;

/** Asks again and again until it is felt; rejects when one alone never is: what strikes nothing proves nothing. */
export async function untilFelt(isAlone: boolean, isFelt: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + (isAlone ? feltWithinMs : patienceMs);
  while (!(await isFelt())) {
    if (performance.now() < end) await pause(10);
    else if (isAlone) throw new Error("it was never felt");
    else return;
  }
}
