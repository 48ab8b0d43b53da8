import { ConnectError } from "@connectrpc/connect";
import { ScoreError } from "../model/score-error.ts";

/** A deadline that passes, or a client that goes away, ends the wait. */
export function untilAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(aborted(signal));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    result.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function aborted({ reason }: AbortSignal): ScoreError {
  const isLate = reason instanceof ConnectError && /deadline|timed out/i.test(reason.message);
  return isLate
    ? new ScoreError("deadline_exceeded", "the deadline passed")
    : new ScoreError("canceled", "the caller went away");
}
