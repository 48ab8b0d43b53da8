import { checkCountedOnce } from "./counted-once.ts";
import { checkExactOrder } from "./exact-order.ts";
import type { History, Violation } from "./history.ts";
import { checkNeverOlder } from "./never-older.ts";
import { checkRightRefusals } from "./right-refusal.ts";

/** Every promise that the history shows broken; decided from what clients saw and the ledger's tables. */
export function judge(history: History): Violation[] {
  return [
    ...checkCountedOnce(history),
    ...checkExactOrder(history),
    ...checkNeverOlder(history),
    ...checkRightRefusals(history),
  ];
}
