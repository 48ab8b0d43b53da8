import { ScoreError } from "../model/score-error.ts";
import type { ScoreEvent } from "../model/score-event.ts";
import type { Timers } from "../model/timers.ts";
import { boardsOf } from "./commit-columns.ts";
import { CommittedRows } from "./committed-rows.ts";
import { databaseFailure, ledgerUnavailable } from "./database-failure.ts";
import type { EventStatements } from "./event-statements.ts";
import { GroupCommit, type Outcome } from "./group-commit.ts";
import type { CommitObserver, EventLog, Receipt } from "./ledger.ts";
import { eventKey, type KnownEvent, standingKey } from "./look-up.ts";
import { patiently } from "./patiently.ts";

/** What bounds the log; sizes in events, times in ms. */
export interface EventLogLimits {
  readonly queuedEvents: number;
  readonly batchEvents: number;
  /** How long a batch is sent again while the database can't be reached. */
  readonly patienceMs: number;
}

interface EventLogOptions {
  readonly statements: EventStatements;
  readonly commitsInFlight: number;
  readonly limits: EventLogLimits;
  readonly now: () => number;
  readonly timers: Timers;
  readonly onBatch: (size: number, queued: number) => void;
  /** After each batch that was committed, with the ms that it took. */
  readonly onCommitted?: (ms: number) => void;
  /** At each statement that failed, and at each commit whose outcome stays unknown. */
  readonly onFailure?: (failure: CommitFailure) => void;
}

/** What may go wrong with a commit. */
export const commitFailures = ["unavailable", "conflict", "data", "bug", "unknown"] as const;

export type CommitFailure = (typeof commitFailures)[number];

/** Group commit of one statement a batch, sent again while the database is away. */
export class GroupedEventLog implements EventLog {
  readonly #statements: EventStatements;
  readonly #limits: EventLogLimits;
  readonly #now: () => number;
  readonly #timers: Timers;
  readonly #observers: CommitObserver[] = [];
  readonly #group: GroupCommit<ScoreEvent, Receipt>;
  readonly #onCommitted: (ms: number) => void;
  readonly #onFailure: (failure: CommitFailure) => void;

  constructor(options: EventLogOptions) {
    const { statements, commitsInFlight, limits, now, timers, onBatch } = options;
    this.#statements = statements;
    this.#limits = limits;
    this.#now = now;
    this.#timers = timers;
    this.#onCommitted = options.onCommitted ?? (() => {});
    this.#onFailure = options.onFailure ?? (() => {});
    this.#group = new GroupCommit({
      commit: (events) => this.#commit(events),
      keyOf: (event) => eventKey(event.game.gameNo, event.actionId),
      orderOf: (event) => standingKey(event.game.gameNo, event.playerId),
      maxQueued: limits.queuedEvents,
      maxBatch: limits.batchEvents,
      maxInFlight: commitsInFlight,
      maxWaitMs: 2 * limits.patienceMs,
      now,
      timers,
      onBatch,
    });
  }

  get queued(): number {
    return this.#group.queued;
  }

  submit(event: ScoreEvent, deadline?: number): Promise<Receipt> {
    return this.#group.submit(event, deadline);
  }

  observe(observer: CommitObserver): void {
    this.#observers.push(observer);
  }

  settled(): Promise<void> {
    return this.#group.settled();
  }

  close(): Promise<void> {
    return this.#group.close();
  }

  /**
   * Callers may hold a game's settings of different age: only the events that
   * were checked against the newest are sent.
   */
  async #commit(events: readonly ScoreEvent[]): Promise<readonly Outcome<Receipt>[]> {
    const newest = newestRevisions(events);
    const isCurrent = ({ game }: ScoreEvent) => newest.get(game.gameNo) === game.revision;
    const outcomes = (await this.#commitCurrent(events.filter(isCurrent))).values();
    return events.map((event) =>
      isCurrent(event) ? (outcomes.next().value ?? lost) : { error: gameChanged(event) },
    );
  }

  /** A batch that fails for its data is split until the event at fault is alone. */
  async #commitCurrent(events: readonly ScoreEvent[]): Promise<readonly Outcome<Receipt>[]> {
    try {
      return await this.#commitOnce(events);
    } catch (error) {
      if (databaseFailure(error) !== "data") throw error;
      if (events.length === 1) return [{ error: outOfRange(error) }];
      const half = Math.ceil(events.length / 2);
      const first = await this.#commitCurrent(events.slice(0, half));
      return [...first, ...(await this.#commitCurrent(events.slice(half)))];
    }
  }

  async #commitOnce(events: readonly ScoreEvent[]): Promise<readonly Outcome<Receipt>[]> {
    // A commit whose connection broke may have happened: `action_id` makes sending it again safe.
    let sent = 0;
    const began = this.#now();
    const rows = await this.#patiently(events, () => {
      sent += 1;
      return this.#statements.commit(events);
    });
    const committed = new CommittedRows(rows, boardsOf(events));
    // It may have happened the first time, before the game changed.
    if (sent > 1) this.#doubt(events.filter((event) => !committed.isLocked(event)));
    const known = events.filter((event) => committed.isLocked(event) && !committed.seqOf(event));
    const found = await this.#patiently(events, () => this.#statements.lookUpEvents(known));
    const missing = events.flatMap((event) =>
      committed.isLocked(event) ? committed.missing(event) : [],
    );
    committed.add(await this.#patiently(events, () => this.#statements.lookUpStandings(missing)));

    this.#onCommitted(this.#now() - began);

    const batch = { changes: committed.changes() };
    if (batch.changes.length > 0) for (const o of this.#observers) o.onCommit(batch);
    return events.map((event) => {
      if (!committed.isLocked(event)) return { error: gameChanged(event) };
      const fresh = committed.seqOf(event);
      if (fresh !== undefined) {
        const outcomes = committed.outcomes(event);
        return { value: { duplicate: false, ...fresh, outcomes, batch } };
      }
      const first = found.get(eventKey(event.game.gameNo, event.actionId));
      if (first === undefined) return { error: gameChanged(event) };
      if (!isSameContent(event, first)) return { error: reused(event) };
      const { seq, committedAt } = first;
      return {
        value: { duplicate: true, seq, committedAt, outcomes: committed.current(event), batch },
      };
    });
  }

  async #patiently<T>(events: readonly ScoreEvent[], query: () => Promise<T>): Promise<T> {
    let attempts = 0;
    const again = () => {
      attempts += 1;
      return query();
    };
    try {
      return await patiently(again, {
        patienceMs: this.#limits.patienceMs,
        now: this.#now,
        timers: this.#timers,
        onFailure: this.#onFailure,
      });
    } catch (error) {
      const failure = databaseFailure(error);
      if (failure !== "data" || attempts > 1) this.#doubt(events);
      throw failure === "data" || failure === "bug" ? error : ledgerUnavailable(error);
    }
  }

  /** They may be committed, though nobody saw it. */
  #doubt(events: readonly ScoreEvent[]): void {
    if (events.length === 0) return;
    this.#onFailure("unknown");
    const games = [...new Set(events.map((event) => event.game))];
    for (const observer of this.#observers) observer.onUnknown(games);
  }
}

function newestRevisions(events: readonly ScoreEvent[]): ReadonlyMap<number, number> {
  const newest = new Map<number, number>();
  for (const { game } of events) {
    newest.set(game.gameNo, Math.max(game.revision, newest.get(game.gameNo) ?? 0));
  }
  return newest;
}

const lost: Outcome<Receipt> = { error: new Error("a batch lost an event") };

/** An action's points may have changed since: its name is what was submitted. */
function isSameContent(event: ScoreEvent, known: KnownEvent): boolean {
  return (
    known.playerId === event.playerId &&
    known.action === event.action &&
    (event.action !== undefined || known.points === event.points)
  );
}

function gameChanged(event: ScoreEvent): ScoreError {
  return new ScoreError("game_changed", `the settings of game ${event.game.gameId} changed`);
}

function reused(event: ScoreEvent): ScoreError {
  return new ScoreError(
    "action_id_reused",
    `action_id ${event.actionId} was used before with other content`,
  );
}

function outOfRange(cause: unknown): ScoreError {
  return new ScoreError("score_out_of_range", "the total would leave ±(2^53 − 1)", { cause });
}
