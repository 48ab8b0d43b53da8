import { checkCountedOnce } from "./counted-once.ts";
import { checkExactOrder } from "./exact-order.ts";
import type { History, Violation } from "./history.ts";
import { checkNeverOlder } from "./never-older.ts";
import { checkPutToTheTest } from "./put-to-the-test.ts";
import { checkQuietLog } from "./quiet-log.ts";
import { checkRightRefusals } from "./right-refusal.ts";
import { checkWellAgain } from "./well-again.ts";

/** Every promise that the history shows broken; decided from what clients saw and the ledger's tables. */
export function judge(history: History): Violation[] {
  return [
    ...checkCountedOnce(history),
    ...checkExactOrder(history),
    ...checkNeverOlder(history),
    ...checkRightRefusals(history),
    ...checkWellAgain(history),
    ...checkQuietLog(history),
    ...checkPutToTheTest(history),
  ];
}
