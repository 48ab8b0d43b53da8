import type { Board, Game, GameSettings } from "../model/game.ts";
import type { ScoreEvent } from "../model/score-event.ts";
import type { RankedStanding, Standing, StandingChange } from "../model/standing.ts";

/** The standings that one commit touched, each once and as it left them. */
export interface CommittedBatch {
  readonly changes: readonly StandingChange[];
}

/** What one event made of its player's score on one board. */
export interface BoardOutcome {
  readonly board: Board;
  readonly score: number;
  /** Undefined when there was none, and for a duplicate. */
  readonly previousScore: number | undefined;
}

/** The durable outcome of one event. */
export interface Receipt {
  /** The event was known before: nothing changed. */
  readonly duplicate: boolean;
  readonly seq: number;
  /** Epoch ms. */
  readonly committedAt: number;
  /** One for each board that is not filling, in the game's order. */
  readonly outcomes: readonly BoardOutcome[];
  readonly batch: CommittedBatch;
}

/** Part of a board straight from the ledger, without the ranking's help. */
export interface LedgerTop {
  readonly standings: readonly RankedStanding[];
  readonly totalPlayers: number;
  /** Epoch ms of the newest change on the board; undefined when it is empty. */
  readonly changedAt: number | undefined;
  /** The sum of all its standings' versions, which grows with each of their changes. */
  readonly changes: number;
}

/** One step through a board's standings; `next` is absent on the last. */
export interface StandingPage {
  readonly standings: readonly Standing[];
  readonly next: string | undefined;
}

/** Submitting events: the only way scores change. */
export interface EventLog {
  /**
   * Resolves once the event is committed. A known `actionId` resolves with
   * `duplicate: true` and the current standings. Sending the same event again
   * is safe for as long as ids are remembered. A player's events are committed
   * in the order in which they were submitted here.
   *
   * Rejects with a ScoreError: `ledger_busy` when the queue is full,
   * `ledger_unavailable` when the database can't be reached, `action_id_reused`
   * for a known id with other content, `score_out_of_range`, `game_changed`
   * when `event.game` is no longer the game as it is (read it anew, then
   * submit again), `deadline_exceeded` when `deadline` (by the ledger's
   * clock) passed before the event was sent to the database.
   */
  submit(event: ScoreEvent, deadline?: number): Promise<Receipt>;

  /**
   * Called with each commit before its receipts resolve. A commit whose
   * outcome stays unknown because the connection broke calls `onUnknown` with
   * the games it may have touched.
   */
  observe(observer: CommitObserver): void;

  /** Resolves when every commit that is under way now has ended and was observed. */
  settled(): Promise<void>;

  /** Commits what was accepted; later events are refused as `shutting_down`. May be called twice. */
  close(): Promise<void>;
}

/** Who wants to hear of commits. */
export interface CommitObserver {
  onCommit(batch: CommittedBatch): void;
  onUnknown(games: readonly Game[]): void;
}

/** The games and their rules. */
export interface GameStore {
  /** The game as it is now; undefined when there is none. */
  find(gameId: string): Promise<Game | undefined>;
  /** Up to `limit` games by id, after `afterGameId`. */
  list(afterGameId: string, limit: number): Promise<readonly Game[]>;
  /** Creates the game or replaces its settings; a board with new rules starts to fill. */
  put(settings: GameSettings): Promise<Game>;
  /** Creates the game unless it is there. */
  ensure(settings: GameSettings): Promise<Game>;
  /** False when there was none. The rows go away afterwards, in small steps. */
  delete(gameId: string): Promise<boolean>;
}

/** Reading standings without a ranking. */
export interface StandingReader {
  /** The first `limit` standings from `offset`: a scan of the board. */
  top(board: Board, offset: number, limit: number): Promise<LedgerTop>;
  find(board: Board, playerId: string): Promise<Standing | undefined>;
  /** Those of the players who have one, in no order. */
  ofPlayers(board: Board, playerIds: readonly string[]): Promise<readonly Standing[]>;
  /** All standings in steps of `limit`, by player; `after` is a page's `next`. */
  page(board: Board, after: string | undefined, limit: number): Promise<StandingPage>;
  /** The standings of players with events later than `seq`, in steps. */
  changedSince(
    board: Board,
    seq: number,
    after: string | undefined,
    limit: number,
  ): Promise<StandingPage>;
  /** The numbers of the ready boards of games with events later than `seq`. */
  boardsChangedSince(seq: number): Promise<readonly number[]>;
}

/** What all instances know of each other. */
export interface InstanceReport {
  /** Every event up to here is in the ranking, whoever committed it. */
  readonly checkpoint: number;
  /** Instances that stopped without a goodbye: what they committed after the checkpoint may be missing from the ranking. */
  readonly lost: readonly string[];
  /** This instance had been taken for lost and was registered anew. */
  readonly wasForgotten: boolean;
}

/** How far each instance has brought its own commits into the ranking. */
export interface InstanceRegistry {
  /** The last `seq` given out so far: later commits get greater ones. */
  lastSeq(): Promise<number>;
  /** Before the first commit, and each second: all own events up to `projectedSeq` are in the ranking. */
  report(projectedSeq: number): Promise<InstanceReport>;
  /**
   * Ends what a lost instance has sent, or without an id what this one has given
   * up: it is committed when this resolves, or never. Rejects
   * `ledger_unavailable` when that can't be told yet.
   */
  cutOff(instanceId?: string): Promise<void>;
  /** After the last commit: all own events are in the ranking, and nobody has to look after them. */
  leave(): Promise<void>;
  /** As of the last reports: every event up to here is in the ranking, and so committed. */
  checkpoint(): Promise<number>;
  /** After the others have caught up on what `instanceId` left behind. */
  forget(instanceId: string): Promise<void>;
  /** A new epoch for a ranking of the board, greater than all before; undefined when the board was removed. */
  nextEpoch(board: Board): Promise<number | undefined>;
}

/** What `upkeep` has still to do. */
export interface PendingUpkeep {
  readonly boardsFilling: number;
  /** Boards and games that were removed and whose rows are not all deleted. */
  readonly deletions: number;
}

/** The truth: events and the standings computed from them, in Postgres. */
export interface Ledger {
  /** Tells this ledger's rankings from those of others in the same Redis. */
  readonly ledgerId: string;
  readonly events: EventLog;
  readonly games: GameStore;
  readonly standings: StandingReader;
  readonly instances: InstanceRegistry;
  /**
   * Begins a new era of events when it is time, fills new boards and deletes
   * what is left of removed ones, in steps until nothing is left.
   * `removeRanking` is called for each removed board. Safe on several instances at once. Rejects `ledger_unavailable`.
   */
  upkeep(removeRanking: (boardNo: number) => Promise<void>): Promise<void>;
  /** Rejects `ledger_unavailable`. */
  pending(): Promise<PendingUpkeep>;
  /** How many events wait for a commit. */
  readonly queued: number;
  /** Resolves when the database answers; rejects `ledger_unavailable`. */
  ping(): Promise<void>;
  /** Commits what was accepted, then lets go of the database. May be called twice. */
  close(): Promise<void>;
}
