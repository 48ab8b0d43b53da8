import { type Logger, pino } from "pino";

/** The service's log: JSON lines on standard error. */
export type Log = Logger;

export const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

export type LogLevel = (typeof logLevels)[number];

/** Tokens and secrets are cut out wherever a logged object may hold them. */
const secretPaths = ["authorization", "token", "secret", "password"].flatMap((name) => [
  name,
  `*.${name}`,
  `*.*.${name}`,
]);

export function createLog(level: LogLevel): Log {
  return pino({ level, redact: secretPaths }, pino.destination({ fd: 2, sync: false }));
}
