import { Code } from "@connectrpc/connect";

/** A call without an answer for so long, in ms, is one that hangs. */
export const hangMs = 10_000;

/** What came back. */
export interface Outcome {
  /** Undefined when the connection failed instead. */
  readonly http: number | undefined;
  /** The content type of the answer. */
  readonly type: string;
  /** Of the call; 0 is OK; undefined when there was only a status of HTTP. */
  readonly code: Code | 0 | undefined;
  readonly message: string;
  readonly body: Buffer;
  /** How the connection failed. */
  readonly broken?: string;
}

/** `INVALID_ARGUMENT`, or `HTTP 415` where the refusal is of HTTP alone. */
export function nameOf({ code, http, broken }: Outcome): string {
  if (broken !== undefined) return `broken: ${broken}`;
  return code === undefined ? `HTTP ${http}` : nameOfCode(code);
}

/** As the README writes it. */
export function nameOfCode(code: number): string {
  if (code === 0) return "OK";
  return (Code[code] ?? String(code)).replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
}
