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

/** What every lane is made of. */
export interface LaneOptions {
  readonly rooms: Rooms;
  readonly guard: Guard;
  readonly callerAddress: CallerAddress;
  readonly unary: readonly UnaryMethod[];
  readonly streams: readonly StreamMethod[];
  readonly tls: TlsFiles | undefined;
  readonly requestLimits: RequestLimits;
}

/** An open port and how to leave it. */
export interface Lane {
  readonly port: number;
  /** Refuses new calls, resolves when those under way have ended. */
  drain(): Promise<void>;
  /** Cuts what is left. */
  close(): void;
}
