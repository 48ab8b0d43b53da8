import { isScoreError, ScoreError } from "../model/score-error.ts";

/**
 * What to do about a failed statement:
 * - `data`: one of its rows can't be stored; the others can.
 * - `conflict`: another transaction was in the way; send it again.
 * - `unavailable`: the database can't be reached or can't work now. The
 *   statement may have been committed all the same.
 * - `bug`: anything else.
 */
export type DatabaseFailure = "data" | "conflict" | "unavailable" | "bug";

const unavailableClasses = ["08", "53", "57", "58"];
const conflictCodes = ["40001", "40P01", "55P03"];

/** Sorts an error of `pg`, PGlite or the network by its code. */
export function databaseFailure(error: unknown): DatabaseFailure {
  const code = (error as { code?: unknown } | null)?.code;
  // Errors of the client itself, such as timeouts and closed connections, have
  // no SQLSTATE; those of the network have codes such as EPIPE, and no SQLSTATE
  // begins with an E.
  if (typeof code !== "string" || !/^[0-9A-DF-Z][0-9A-Z]{4}$/.test(code)) {
    return isProgrammingError(error) ? "bug" : "unavailable";
  }
  if (conflictCodes.includes(code)) return "conflict";
  if (unavailableClasses.some((prefix) => code.startsWith(prefix))) return "unavailable";
  if (code === "25006") return "unavailable";
  return code.startsWith("22") || code.startsWith("23") ? "data" : "bug";
}

function isProgrammingError(error: unknown): boolean {
  return (
    error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError
  );
}

/** The error that callers see when the database can't be reached. */
export function ledgerUnavailable(cause: unknown): ScoreError {
  return new ScoreError("ledger_unavailable", "the ledger is unavailable", {
    retryAfterMs: 1_000,
    cause,
  });
}

/** Runs a read; a database that can't be reached becomes `ledger_unavailable`. */
export async function reading<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (error) {
    if (isScoreError(error)) throw error;
    throw databaseFailure(error) === "bug" ? error : ledgerUnavailable(error);
  }
}
