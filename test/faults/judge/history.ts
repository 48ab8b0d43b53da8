import type { Aggregation, Direction } from "../../../src/model/game.ts";
import type { LedgerEvent, LedgerStanding } from "../../ledger/ledger-tables.ts";

/** Times are in ms of one monotonic clock, that of the process that judges. */

/** One event as a client made it up. */
export interface SentEvent {
  readonly actionId: string;
  readonly playerId: string;
  readonly points: number;
}

/** What an answer said of an event. */
export interface Acknowledgement {
  readonly duplicate: boolean;
  readonly seq: number;
  /** The player's score by board. */
  readonly scores: Readonly<Record<string, number>>;
}

/** A failed call: by the service's word when there is a `reason`, else the answer got lost. */
export interface Refusal {
  /** The name of the code, as in `Unavailable`. */
  readonly code: string;
  /** Of the ErrorInfo. */
  readonly reason: string | undefined;
  /** Whether it says when to try again. */
  readonly saysWhen: boolean;
}

/** One try to submit an event. */
export interface Attempt {
  readonly client: string;
  /** By an open stream, which ends with its instance. */
  readonly isStreamed: boolean;
  readonly event: SentEvent;
  readonly sentAt: number;
  readonly answeredAt: number;
  readonly outcome: Acknowledgement | Refusal;
}

/** A call that must fail, whatever else is going on, or be refused for what is going on. */
export interface Misuse {
  readonly what: string;
  readonly sentAt: number;
  readonly answeredAt: number;
  /** Code and reason that it deserves. */
  readonly deserves: Pick<Refusal, "code" | "reason">;
  /** Undefined: it was let through. */
  readonly refusal: Refusal | undefined;
}

/** A read that the service owes an answer while its ledger works; or a watch, which it owes to go on. */
export interface Read {
  readonly what: string;
  readonly boardId: string;
  /** Whose standing was asked for. */
  readonly playerId: string | undefined;
  /** By an open stream, which ends with its instance. */
  readonly isStreamed: boolean;
  readonly sentAt: number;
  readonly answeredAt: number;
  /** Undefined: it was answered. */
  readonly refusal: Refusal | undefined;
  /** What it showed. */
  readonly entries: readonly ShownEntry[];
}

/** One state as a watcher saw it; heartbeats are none. */
export interface SeenState {
  readonly watcher: string;
  /** Counts the watcher's connections. */
  readonly stream: number;
  readonly boardId: string;
  readonly limit: number;
  readonly at: number;
  readonly epoch: number;
  readonly version: number;
  readonly totalPlayers: number;
  readonly entries: readonly ShownEntry[];
}

export interface ShownEntry {
  readonly rank: number;
  readonly playerId: string;
  readonly score: number;
}

/**
 * What may be refused: nothing, what the ledger can't take now, what is on an
 * open stream, or anything that travels.
 */
export type Tolerance = "nothing" | "ledger" | "streams" | "network";

/** A time in which something was wrong. */
export interface FaultSpan {
  readonly fault: string;
  readonly tolerates: Tolerance;
  /** Others struck at the same time. */
  readonly isMixed: boolean;
  readonly from: number;
  /** When all was well again. */
  readonly until: number;
}

/** Who took part, whatever came of it. */
export interface Participant {
  readonly role: "client" | "watcher" | "reader" | "cheater";
  /** As in attempts and states. */
  readonly name: string;
  /** That a watcher watches. */
  readonly boardId?: string;
}

/** How long it took after a fault until all was well. */
export interface Healing {
  readonly fault: string;
  readonly ms: number;
  /** What was not well when nobody waited any longer. */
  readonly wrong: string | undefined;
}

/** What an instance logged, over all its starts, that nobody should have to read. */
export interface Complaint {
  readonly source: string;
  readonly what: string;
}

/** A board in the order of a ranking, best first. */
export interface RankedBoard {
  /** Where it was read, for the report. */
  readonly source: string;
  readonly boardId: string;
  readonly entries: readonly Omit<ShownEntry, "rank">[];
}

export interface BoardRules {
  readonly boardId: string;
  readonly aggregation: Aggregation;
  readonly direction: Direction;
}

/** All that happened in a run, as it was seen from outside. */
export interface History {
  readonly boards: readonly BoardRules[];
  readonly participants: readonly Participant[];
  readonly attempts: readonly Attempt[];
  readonly misuses: readonly Misuse[];
  readonly reads: readonly Read[];
  readonly states: readonly SeenState[];
  readonly faults: readonly FaultSpan[];
  /** By seq. */
  readonly events: readonly LedgerEvent[];
  readonly standings: readonly LedgerStanding[];
  readonly rankings: readonly RankedBoard[];
  readonly healings: readonly Healing[];
  readonly complaints: readonly Complaint[];
}

/** One broken promise, in words. */
export interface Violation {
  readonly promise:
    | "counted once"
    | "exact order"
    | "never older"
    | "right refusal"
    | "well again"
    | "quiet log"
    | "put to the test";
  readonly what: string;
}

export function isAcknowledged(outcome: Attempt["outcome"]): outcome is Acknowledgement {
  return "seq" in outcome;
}

/** Whether a board's first entries were asked for. */
export function isOfTop({ playerId, isStreamed }: Read): boolean {
  return playerId === undefined && !isStreamed;
}
