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
  const serializers = { err: describeError };
  return pino(
    { level, redact: secretPaths, serializers },
    pino.destination({ fd: 2, sync: false }),
  );
}

/** What the log says of an error. Libraries hang more on theirs: ioredis the command that sent a password. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  return {
    type: name,
    message,
    code: (error as { code?: unknown }).code,
    stack,
    ...(cause === undefined ? {} : { cause: describeError(cause) }),
    ...(error instanceof AggregateError ? { errors: error.errors.map(describeError) } : {}),
  };
}
