import type { LedgerEvent } from "../../ledger/ledger-tables.ts";
import {
  type Attempt,
  type FaultSpan,
  type History,
  isAcknowledged,
  type Misuse,
  type Participant,
  type Read,
  type SeenState,
} from "./history.ts";

/** What clients note of a run; whatever the service says of itself plays no part. */
export class Recorder {
  readonly #participants: Participant[] = [];
  readonly #attempts: Attempt[] = [];
  readonly #misuses: Misuse[] = [];
  readonly #reads: Read[] = [];
  readonly #states: SeenState[] = [];
  readonly #faults: FaultSpan[] = [];
  /** What each watcher of a board saw last. */
  readonly #shown = new Map<string, SeenState>();
  readonly #acknowledged = new Map<string, LedgerEvent>();

  /** What was acknowledged, in the ledger's order: all that is in it, unless something is under way or lost. */
  get acknowledged(): readonly LedgerEvent[] {
    return [...this.#acknowledged.values()].sort((a, b) => a.seq - b.seq);
  }

  /** What every watcher of the board sees now. */
  shown(boardId: string): readonly SeenState[] {
    return [...this.#shown.values()].filter((state) => state.boardId === boardId);
  }

  joined(participant: Participant): void {
    this.#participants.push(participant);
  }

  attempted(attempt: Attempt): void {
    this.#attempts.push(attempt);
    const { event, outcome } = attempt;
    if (!isAcknowledged(outcome)) return;
    this.#acknowledged.set(event.actionId, { ...event, seq: outcome.seq });
  }

  misused(misuse: Misuse): void {
    this.#misuses.push(misuse);
  }

  read(read: Read): void {
    this.#reads.push(read);
  }

  saw(state: SeenState): void {
    this.#states.push(state);
    this.#shown.set(`${state.watcher} ${state.boardId}`, state);
  }

  failed(fault: FaultSpan): void {
    this.#faults.push(fault);
  }

  /** All of it, in the order of the answers. */
  get noted(): Pick<
    History,
    "participants" | "attempts" | "misuses" | "reads" | "states" | "faults"
  > {
    return {
      participants: this.#participants,
      attempts: this.#attempts,
      misuses: this.#misuses,
      reads: this.#reads,
      states: this.#states,
      faults: this.#faults,
    };
  }
}
