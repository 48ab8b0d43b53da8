import type { Timers } from "../model/timers.ts";
import { type DatabaseFailure, databaseFailure } from "./database-failure.ts";

interface Patience {
  /** How long the statement is sent again; one that is under way then goes on. */
  readonly patienceMs: number;
  /** Monotonic. */
  readonly now: () => number;
  readonly timers: Timers;
  /** At each time that it failed. */
  readonly onFailure?: (failure: DatabaseFailure) => void;
}

/**
 * Sends a statement again while the database can't be reached or another
 * transaction is in the way: it must be safe to repeat. Rejects with the last
 * error; what is wrong with its data, and a bug, are not tried again.
 */
export async function patiently<T>(
  query: () => Promise<T>,
  { patienceMs, now, timers, onFailure = () => {} }: Patience,
): Promise<T> {
  const giveUpAt = now() + patienceMs;
  for (let pauseMs = 5; ; pauseMs = Math.min(2 * pauseMs, 250)) {
    try {
      return await query();
    } catch (error) {
      const failure = databaseFailure(error);
      onFailure(failure);
      const mayPass = failure === "unavailable" || failure === "conflict";
      if (!mayPass || now() + pauseMs >= giveUpAt) throw error;
      await timers.sleep(pauseMs);
    }
  }
}
