import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { RetryInfoSchema } from "../gen/google/rpc/error_details_pb.js";

/** How the page stands with the service. `message` is the service's own text. */
export type Line =
  | { readonly state: "connecting" | "live" | "reconnecting" | "missing" }
  /** An error that may pass: tried again. */
  | { readonly state: "failing"; readonly message: string }
  /** The request itself is wrong: not tried again. */
  | { readonly state: "refused"; readonly message: string };

/** Advice beyond this is cut: a page left open comes back by itself. */
const longestAdviceMs = 30_000;

/** The line after a watch ended, with the error if there was one. */
export function lineAfter(error: unknown): Line {
  if (error === undefined) return { state: "reconnecting" };
  const { code, rawMessage, cause } = ConnectError.from(error);
  // With a cause it is no answer of the service: the connection broke.
  if (cause !== undefined) return { state: "reconnecting" };
  switch (code) {
    case Code.Unavailable:
    case Code.Canceled:
      return { state: "reconnecting" };
    case Code.NotFound:
      return { state: "missing" };
    case Code.InvalidArgument:
      return { state: "refused", message: rawMessage };
    default:
      return { state: "failing", message: rawMessage || Code[code] };
  }
}

/**
 * How many ms to wait before the next try, given the wait of the backoff: also
 * as long as the service asks, but for a service that is away. Its advice is a
 * guess then, and the page is to be right soon after it is back.
 */
export function waitAfter(error: unknown, backoffMs: number): number {
  const { code } = ConnectError.from(error);
  return code === Code.Unavailable ? backoffMs : advisedWait(error) + backoffMs;
}

function advisedWait(error: unknown): number {
  const [advice] = ConnectError.from(error).findDetails(RetryInfoSchema);
  const wait = advice?.retryDelay ? durationMs(advice.retryDelay) : 0;
  return Math.min(Math.max(wait, 0), longestAdviceMs);
}
