import type { LedgerTop, StandingPage } from "../../src/ledger/ledger.ts";
import type { Board } from "../../src/model/game.ts";
import { compareStandings, type RankedStanding, type Standing } from "../../src/model/standing.ts";
import { BoardModel } from "../ledger/board-model.ts";

/** An event as a database keeps it. */
export interface StoredEvent {
  readonly gameNo: number;
  readonly playerId: string;
  readonly actionId: string;
  readonly points: number;
  readonly seq: number;
  readonly committedAt: number;
}

/** A board's table of standings, folded event by event by the plain model. */
export class ModelBoard {
  readonly board: Board;
  readonly #model: BoardModel;
  readonly #standings = new Map<string, Standing>();
  /** By player, each event that changed the standing with the version that it made. */
  readonly #history = new Map<string, { seq: number; version: number }[]>();
  /** By seq, the player's score before and after an event. */
  readonly #made = new Map<number, { score: number; previousScore: number | undefined }>();
  epoch = 0;

  constructor(board: Board) {
    this.board = board;
    this.#model = new BoardModel(board);
  }

  find(playerId: string): Standing | undefined {
    return this.#standings.get(playerId);
  }

  /** Whether a sum would leave the range of scores; it is the whole commit's that counts. */
  overflows(playerId: string, points: number): boolean {
    if (this.board.aggregation !== "sum") return false;
    const sum = (this.find(playerId)?.score ?? 0) + points;
    return !(Math.abs(sum) <= Number.MAX_SAFE_INTEGER);
  }

  /** True when the standing changed. */
  add(event: StoredEvent): boolean {
    const { playerId, committedAt } = event;
    const made = this.#model.add(event);
    const { score } = made;
    this.#made.set(event.seq, made);
    const known = this.#standings.get(playerId);
    if (this.#model.get(playerId)?.seq !== event.seq) return false;
    const version = (known?.version ?? 0) + 1;
    this.#standings.set(playerId, {
      playerId,
      score,
      seq: event.seq,
      version,
      updatedAt: committedAt,
      displayName: undefined,
    });
    const history = this.#history.get(playerId) ?? [];
    this.#history.set(playerId, [...history, { seq: event.seq, version }]);
    return true;
  }

  /** What an event made of its player's score. */
  made(seq: number) {
    return this.#made.get(seq);
  }

  /** The versions that the players' standings had after the event `seq`. */
  versionsAt(seq: number): Map<string, number> {
    const versions = new Map<string, number>();
    for (const [playerId, history] of this.#history) {
      const last = history.findLast((one) => one.seq <= seq);
      if (last) versions.set(playerId, last.version);
    }
    return versions;
  }

  /** The whole board in its order. */
  ranked(): RankedStanding[] {
    return [...this.#standings.values()]
      .sort((a, b) => compareStandings(this.board.direction, a, b))
      .map((standing, index) => ({ ...standing, rank: index + 1 }));
  }

  top(offset: number, limit: number): LedgerTop {
    const ranked = this.ranked();
    return {
      standings: ranked.slice(offset, offset + limit),
      totalPlayers: ranked.length,
      changedAt: ranked.length > 0 ? Math.max(...ranked.map((one) => one.updatedAt)) : undefined,
      changes: ranked.reduce((sum, { version }) => sum + version, 0),
    };
  }

  page(after: string | undefined, limit: number): StandingPage {
    const rest = [...this.#standings.values()]
      .filter(({ playerId }) => playerId > (after ?? ""))
      .sort((a, b) => (a.playerId < b.playerId ? -1 : 1));
    const standings = rest.slice(0, limit);
    return { standings, next: standings[limit - 1]?.playerId };
  }
}
