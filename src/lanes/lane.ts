import type { Rooms } from "../service/rooms.ts";
import type { CallerAddress } from "./caller-address.ts";
import type { Guard } from "./guard.ts";
import type { UnaryMethod } from "./methods.ts";

/** Certificate and key as PEM. */
export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** How long callers may take, in ms. */
export interface Patience {
  /** For the headers of a request. */
  readonly headersMs: number;
  /** For a whole request; pipes have no end. */
  readonly requestMs: number;
  /** For a connection without a call under way. */
  readonly idleMs: number;
  /** For a sign of life on a connection: without one it is asked, and given the second time to answer. */
  readonly silentMs: number;
  readonly answerMs: number;
}

/** What every lane is made of. */
export interface LaneOptions {
  readonly rooms: Rooms;
  readonly guard: Guard;
  readonly callerAddress: CallerAddress;
  readonly unary: readonly UnaryMethod[];
  readonly tls: TlsFiles | undefined;
  readonly maxMessageBytes: number;
  readonly patience: Patience;
}

/**
 * Calls at a time on one connection: clients wait with those above it, and
 * whoever does not is cut off. Envoy opens as many connections as it needs.
 */
export const maxConcurrentStreams = 250;

/** An open port and how to leave it. */
export interface Lane {
  readonly port: number;
  /** Refuses new calls, resolves when those under way have ended. */
  drain(): Promise<void>;
  /** Cuts what is left. */
  close(): void;
}
