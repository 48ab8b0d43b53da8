import type { CommitRow } from "../../src/ledger/commit-statement.ts";
import type { InstanceReport, StandingPage } from "../../src/ledger/ledger.ts";
import { eventKey } from "../../src/ledger/look-up.ts";
import type { Board, Game } from "../../src/model/game.ts";
import type { ScoreEvent } from "../../src/model/score-event.ts";
import { ModelBoard, type StoredEvent } from "./model-board.ts";
import type { Wire } from "./wire.ts";

interface ModelDatabaseOptions {
  readonly games: readonly Game[];
  readonly now: () => number;
  /** An instance that reported nothing for this many ms is lost. */
  readonly lostAfterMs: number;
  readonly onInsert: (event: StoredEvent) => void;
}

interface Reported {
  readonly projectedSeq: number;
  readonly at: number;
}

/**
 * What all instances' ledgers have in common: tables in memory, with the traps
 * of the real ones. A `seq` is given out before its commit is seen, and is gone
 * when that fails; commits to one game follow each other, those to two do not.
 */
export class ModelDatabase {
  readonly #options: ModelDatabaseOptions;
  /** No instance is taken for lost any more, however late its reports are. */
  isPatient = false;
  /** How often each instance has reported. */
  readonly reports = new Map<string, number>();
  readonly games = new Map<number, Game>();
  readonly boards = new Map<number, ModelBoard>();
  /** All that are committed, by `eventKey`, in the order of their commits. */
  readonly events = new Map<string, StoredEvent>();
  readonly instances = new Map<string, Reported>();
  /** How each instance that ever was reaches it. */
  readonly wires = new Map<string, Wire>();
  lastSeq = 0;
  /** Look-ups that fail for a reason that nobody knows. */
  confusions = 0;
  /** Instances that were forgotten, though perhaps they lived. */
  readonly forgotten = new Set<string>();
  /** By game, the end of the last commit that asked for its lock. */
  readonly #locks = new Map<number, Promise<void>>();

  constructor(options: ModelDatabaseOptions) {
    this.#options = options;
    for (const game of options.games) {
      this.games.set(game.gameNo, game);
      for (const board of game.boards) this.boards.set(board.boardNo, new ModelBoard(board));
    }
  }

  /** One statement and transaction; `opened` is waited for before the commit. */
  async commit(
    events: readonly ScoreEvent[],
    opened: () => Promise<void>,
  ): Promise<readonly CommitRow[]> {
    const unlock = await this.#lock(events);
    try {
      const isCurrent = ({ game }: ScoreEvent) =>
        this.games.get(game.gameNo)?.revision === game.revision;
      const locked = events.filter(isCurrent);
      const fresh = locked
        .filter((event) => !this.events.has(keyOf(event)))
        .map((event) => ({ event, seq: this.#nextSeq() }));
      await opened();
      this.#refuseOverflow(fresh.map(({ event }) => event));
      const games = new Set(locked.map(({ game }) => game.gameNo));
      return [...[...games].map((no) => ({ kind: "game", no }) as const), ...this.#insert(fresh)];
    } finally {
      unlock();
    }
  }

  /** New settings: events that were checked against older ones are refused. */
  changeGame(gameNo: number): void {
    const game = this.games.get(gameNo);
    if (game) this.games.set(gameNo, { ...game, revision: game.revision + 1 });
  }

  mayBeConfused(): void {
    if (this.confusions === 0) return;
    this.confusions -= 1;
    throw Object.assign(new Error("internal error"), { code: "XX000" });
  }

  boardOf(board: Board): ModelBoard {
    const found = this.boards.get(board.boardNo);
    if (found === undefined) throw new Error(`no board ${board.boardNo}`);
    return found;
  }

  gameOf(boardNo: number): Game | undefined {
    return [...this.games.values()].find((game) => game.boards.some((b) => b.boardNo === boardNo));
  }

  /** The game's committed events after `seq`, by seq. */
  eventsSince(gameNo: number, seq: number): StoredEvent[] {
    return [...this.events.values()]
      .filter((event) => event.gameNo === gameNo && event.seq > seq)
      .sort((a, b) => a.seq - b.seq);
  }

  changedSince(board: Board, seq: number, after: string | undefined, limit: number): StandingPage {
    const from = after === undefined ? seq : Number(after);
    const gameNo = this.gameOf(board.boardNo)?.gameNo ?? 0;
    const step = this.eventsSince(gameNo, from).slice(0, limit);
    const players = new Set(step.map((event) => event.playerId));
    const table = this.boardOf(board);
    const standings = [...players].flatMap((playerId) => table.find(playerId) ?? []);
    const last = step[limit - 1];
    return { standings, next: last && String(last.seq) };
  }

  report(instanceId: string, projectedSeq: number, isRegistered: boolean): InstanceReport {
    const { now, lostAfterMs } = this.#options;
    const before = this.instances.get(instanceId);
    const wasForgotten = isRegistered && before === undefined;
    const judges = before !== undefined && before.at > now() - lostAfterMs / 2;
    this.instances.set(instanceId, { projectedSeq, at: now() });
    this.reports.set(instanceId, (this.reports.get(instanceId) ?? 0) + 1);
    const isLost = ({ at }: Reported) => judges && !this.isPatient && at < now() - lostAfterMs;
    const lost = [...this.instances].filter(([, reported]) => isLost(reported));
    return { checkpoint: this.checkpoint(), lost: lost.map(([id]) => id), wasForgotten };
  }

  checkpoint(): number {
    if (this.instances.size === 0) return 0;
    return Math.min(...[...this.instances.values()].map(({ projectedSeq }) => projectedSeq));
  }

  forget(instanceId: string): void {
    this.instances.delete(instanceId);
    this.forgotten.add(instanceId);
  }

  async #lock(events: readonly ScoreEvent[]): Promise<() => void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const gameNos = new Set(events.map(({ game }) => game.gameNo));
    const before = [...gameNos].map((gameNo) => this.#locks.get(gameNo));
    for (const gameNo of gameNos) this.#locks.set(gameNo, promise);
    await Promise.all(before);
    return resolve;
  }

  #nextSeq(): number {
    this.lastSeq += 1;
    return this.lastSeq;
  }

  #refuseOverflow(events: readonly ScoreEvent[]): void {
    for (const of of Map.groupBy(events, (e) => `${e.game.gameNo}/${e.playerId}`).values()) {
      const [{ game, playerId }] = of as [ScoreEvent];
      const points = of.reduce((sum, event) => sum + event.points, 0);
      if (game.boards.some((board) => this.boardOf(board).overflows(playerId, points))) {
        throw Object.assign(new Error("bigint out of range"), { code: "22003" });
      }
    }
  }

  #insert(fresh: readonly { event: ScoreEvent; seq: number }[]): CommitRow[] {
    const rows: CommitRow[] = [];
    const previous = new Map<string, { board: Board; playerId: string; score: number | null }>();
    const at = this.#options.now();
    for (const { event, seq } of fresh) {
      const { game, playerId, actionId, points } = event;
      const stored = { gameNo: game.gameNo, playerId, actionId, points, seq, committedAt: at };
      this.events.set(keyOf(event), stored);
      this.#options.onInsert(stored);
      rows.push({ kind: "event", no: game.gameNo, id: actionId, seq, at });
      for (const board of game.boards) {
        const table = this.boardOf(board);
        const score = table.find(playerId)?.score ?? null;
        const key = `${board.boardNo}/${playerId}`;
        if (table.add(stored) && !previous.has(key)) previous.set(key, { board, playerId, score });
      }
    }
    for (const { board, playerId, score: previous_score } of previous.values()) {
      const standing = this.boardOf(board).find(playerId);
      if (standing === undefined) continue;
      const { score, seq, version } = standing;
      const key = { kind: "standing", no: board.boardNo, id: playerId } as const;
      rows.push({ ...key, seq, at, score, version, previous_score, display_name: null });
    }
    return rows;
  }
}

const keyOf = ({ game, actionId }: ScoreEvent) => eventKey(game.gameNo, actionId);
