import assert from "node:assert/strict";
import { Code } from "@connectrpc/connect";
import { CallError } from "./lane-client.ts";

/** An error that a caller is told about, as the contract describes it. */
export interface Refusal {
  readonly code: Code;
  /** Of the ErrorInfo. */
  readonly reason: string;
  readonly message: string;
  /** Of the BadRequest: each bad field and what is wrong with it. */
  readonly violations?: Readonly<Record<string, string>>;
}

/** A refusal for bad fields: its message names them all. */
export function invalid(violations: Readonly<Record<string, string>>): Refusal {
  const message = Object.entries(violations).map((violation) => violation.join(" "));
  return {
    code: Code.InvalidArgument,
    reason: "INVALID_REQUEST",
    message: message.join("; "),
    violations,
  };
}

export function unauthenticated(message = "a token is needed"): Refusal {
  return { code: Code.Unauthenticated, reason: "UNAUTHENTICATED", message };
}

export function denied(message: string): Refusal {
  return { code: Code.PermissionDenied, reason: "PERMISSION_DENIED", message };
}

/** NOT_FOUND of a game, board, player or action. */
export function unknown(what: "GAME" | "BOARD" | "PLAYER" | "ACTION", message: string): Refusal {
  return { code: Code.NotFound, reason: `UNKNOWN_${what}`, message };
}

/** The call fails with this code, message and exactly these details; returns the retry delay in ms. */
export async function assertRefused(call: Promise<unknown>, refusal: Refusal): Promise<number> {
  const error = await call.then(
    () => assert.fail(`not refused: ${refusal.reason}`),
    (reason) => reason,
  );
  if (!(error instanceof CallError)) throw error;
  return assertIs(error, refusal);
}

/** The code, message and exactly the details of the refusal; returns the retry delay in ms. */
export function assertIs(
  error: Pick<CallError, "code" | "message" | "details">,
  { code, reason, message, violations }: Refusal,
): number {
  assert.equal(error.message, message);
  assert.equal(Code[error.code], Code[code]);
  const details = new Map(
    error.details.map(({ "@type": type, ...content }) => [String(type).split(".").at(-1), content]),
  );
  assert.equal(details.size, error.details.length, "each detail once");
  assert.deepEqual(details.get("ErrorInfo"), { reason, domain: "score.v1" });
  details.delete("ErrorInfo");
  if (violations) {
    const fieldViolations = Object.entries(violations).map(([field, description]) => ({
      field,
      description,
    }));
    assert.deepEqual(details.get("BadRequest"), { fieldViolations });
    details.delete("BadRequest");
  }
  let retryMs = 0;
  if (code === Code.ResourceExhausted || code === Code.Unavailable) {
    const delay = String(details.get("RetryInfo")?.retryDelay);
    assert.match(delay, /^\d+(\.\d+)?s$/);
    retryMs = 1_000 * Number.parseFloat(delay);
    assert.ok(retryMs > 0 && retryMs <= 60_000, `retry after ${delay}`);
    details.delete("RetryInfo");
  }
  assert.deepEqual([...details], [], "no other details");
  return retryMs;
}
