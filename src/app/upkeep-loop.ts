import { setTimeout as sleep } from "node:timers/promises";
import type { Ledger, PendingUpkeep } from "../ledger/ledger.ts";
import { isScoreError } from "../model/score-error.ts";
import type { Projector } from "../ranking/projector.ts";
import type { Ranking } from "../ranking/ranking.ts";

/** How often each instance looks for upkeep that another one left behind. */
const intervalMs = 5_000;

interface UpkeepOptions {
  readonly ledger: Ledger;
  readonly ranking: Ranking;
  readonly projector: Projector;
  /** Told what there is to do before and after each time that some was done. */
  readonly onPending: (pending: PendingUpkeep) => void;
  readonly onError: (message: string, error: unknown) => void;
}

/** Fills new boards and deletes removed ones, at once when kicked and else now and then. */
export function startUpkeep({ ledger, ranking, projector, onPending, onError }: UpkeepOptions) {
  const stop = new AbortController();
  let wake = new AbortController();
  const removeRanking = async (boardNo: number) => {
    projector.forget(boardNo);
    await ranking.remove(boardNo);
  };
  const run = async () => {
    while (!stop.signal.aborted) {
      wake = new AbortController();
      try {
        onPending(await ledger.pending());
        await ledger.upkeep(removeRanking);
        onPending(await ledger.pending());
      } catch (error) {
        if (!isScoreError(error)) onError("the upkeep of boards failed", error);
      }
      const signal = AbortSignal.any([stop.signal, wake.signal]);
      await sleep(intervalMs, undefined, { signal }).catch(() => {});
    }
  };
  const running = run();
  return {
    kick: () => wake.abort(),
    close: async () => {
      stop.abort();
      await running;
    },
  };
}
