import { StacklessError } from "./stackless-error.ts";

/**
 * Why a call failed, as constants that clients and logs compare. They leave
 * the service in upper case as the `reason` of a google.rpc.ErrorInfo.
 */
export type ErrorCode =
  | "invalid_request"
  | "request_too_large"
  | "unauthenticated"
  | "permission_denied"
  | "unknown_game"
  | "unknown_board"
  | "unknown_player"
  | "unknown_action"
  | "action_id_reused"
  | "score_out_of_range"
  | "rate_limited"
  | "action_limited"
  | "too_many_watches"
  | "ledger_busy"
  | "ledger_unavailable"
  | "ranking_unavailable"
  | "keys_unavailable"
  | "board_filling"
  | "game_changed"
  | "shutting_down"
  | "deadline_exceeded"
  | "canceled";

/** One wrong field of a request: its path and what is wrong with it. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

/** What an error may carry besides its code and message. */
export interface ScoreErrorDetails {
  readonly violations?: readonly FieldViolation[];
  /** The least time in ms until the same call is worth repeating. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** A failure that a caller is told about; anything else goes out as "internal error". */
export class ScoreError extends StacklessError {
  readonly code: ErrorCode;
  readonly violations: readonly FieldViolation[];
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, details: ScoreErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "ScoreError";
    this.code = code;
    this.violations = details.violations ?? [];
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** True for a ScoreError of one of `codes`. */
export function isScoreError(error: unknown, ...codes: ErrorCode[]): error is ScoreError {
  return error instanceof ScoreError && (codes.length === 0 || codes.includes(error.code));
}
