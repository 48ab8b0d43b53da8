import type { Rooms } from "../service/rooms.ts";
import type { CallerAddress } from "./caller-address.ts";
import type { Guard } from "./guard.ts";
import type { StreamMethod, UnaryMethod } from "./methods.ts";
import type { RequestLimits } from "./request-limits.ts";

/** Certificate and key as PEM. */
export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** How long a connection is kept, in ms. */
export interface ConnectionLimits {
  /** Without a call under way. */
  readonly idleMs: number;
  /**
   * Without a sign of life: then it is asked for one, and given the second time to answer. HTTP/1.1
   * has nothing to ask by.
   */
  readonly silentMs: number;
  readonly answerMs: number;
}

/** What every lane is made of. */
export interface LaneOptions {
  readonly rooms: Rooms;
  readonly guard: Guard;
  readonly callerAddress: CallerAddress;
  readonly unary: readonly UnaryMethod[];
  readonly streams: readonly StreamMethod[];
  readonly tls: TlsFiles | undefined;
  readonly requestLimits: RequestLimits;
  readonly connectionLimits: ConnectionLimits;
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
