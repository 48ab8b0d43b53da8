import type { Identity } from "../access/identity.ts";
import type { RateLimits } from "../access/rate-limits.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Clock } from "../model/clock.ts";
import type { Timers } from "../model/timers.ts";
import type { BoardReader } from "../ranking/board-reader.ts";
import type { Projector } from "../ranking/projector.ts";
import type { Ranking } from "../ranking/ranking.ts";
import type { WatchHub } from "../watch/watch-hub.ts";
import type { GameCatalog } from "./game-catalog.ts";

/** What the calls are made of. */
export interface Rooms {
  readonly ledger: Ledger;
  readonly catalog: GameCatalog;
  readonly ranking: Ranking;
  readonly projector: Projector;
  readonly reader: BoardReader;
  readonly hub: WatchHub;
  readonly limits: RateLimits;
  /** The time of day. */
  readonly now: Clock;
  /** For how long something lasts. */
  readonly monotonicNow: Clock;
  readonly timers: Timers;
  /** Whether boards may be read without a token. */
  readonly anonymousRead: boolean;
  /** How far a player's `occurred_at` may be from now, in ms. */
  readonly maxSkewMs: number;
  /** Aborted when this instance shuts down: open pipes take no more events. */
  readonly stopping: AbortSignal;
  /** Starts filling new boards and deleting removed ones; returns at once. */
  readonly startUpkeep: () => void;
  /** Hears how many players a comparison found to differ. */
  readonly onDifferences: (players: number) => void;
}

/** One call, as every lane brings it. */
export interface Call {
  /** Undefined without a token. */
  readonly identity: Identity | undefined;
  /** Rejects when the caller's token is no longer good, though it may not have ended. */
  readonly verifyAgain: () => Promise<unknown>;
  /** The caller's network address. */
  readonly address: string;
  /** When the caller gives up, by the monotonic clock; undefined without an end. */
  readonly deadline: number | undefined;
  /** Aborted when the caller went away. */
  readonly signal: AbortSignal;
  /** A full queue is no answer, as on a pipe: the event waits, and with it the sender. */
  readonly isPatient?: boolean;
}
