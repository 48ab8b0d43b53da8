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
