import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingHttpHeaders } from "node:http";

/** What a timer can wait, in ms: 24 days. One that is set for longer fires at once. */
const longestMs = 2 ** 31 - 1;

/** The same in the only unit of `grpc-timeout` in which it has no more than 8 digits. */
const longestHours = Math.floor(longestMs / 3_600_000);

const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1 };

/** Calls that may take longer than a timer can wait are given what it can. */
export function shortenTimeouts(headers: IncomingHttpHeaders): void {
  const connect = headers["connect-timeout-ms"];
  if (Number(connect) > longestMs) headers["connect-timeout-ms"] = String(longestMs);
  const [, digits, unit = ""] = /^(\d{1,8})([HMSm])$/.exec(String(headers["grpc-timeout"])) ?? [];
  if (Number(digits) * (unitMs[unit] ?? 0) > longestMs) {
    headers["grpc-timeout"] = `${longestHours}H`;
  }
}

const started = "http2.server.stream.start";

/**
 * The same for all that comes over HTTP/2, also to grpc-js, which asks nobody
 * before it reads a timeout. Returns how to end it.
 */
export function shortenTimeoutsOfStreams(): () => void {
  const onStart = (message: unknown) => {
    const { headers } = message as { readonly headers: IncomingHttpHeaders };
    if (headers["grpc-timeout"] !== undefined) shortenTimeouts(headers);
  };
  subscribe(started, onStart);
  return () => void unsubscribe(started, onStart);
}
