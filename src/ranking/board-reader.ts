import type { Ledger, LedgerTop } from "../ledger/ledger.ts";
import type { Board } from "../model/game.ts";
import { isScoreError, ScoreError } from "../model/score-error.ts";
import type { RankedStanding, Standing } from "../model/standing.ts";
import type { Timers } from "../model/timers.ts";
import type { Projector } from "./projector.ts";
import type { RankedPage } from "./ranking.ts";
import { SharedReads } from "./shared-reads.ts";

/** A page with `epoch` and `version` 0 comes from the ledger: the ranking is unavailable. */
const unranked = { epoch: 0, version: 0 };

/** The most entries that a board shows at once. */
export const maxEntries = 100;

/** One player's place; without a rank while the ranking is unavailable. */
export interface PlayerPlace {
  readonly standing: Standing | RankedStanding;
  readonly totalPlayers: number;
}

interface BoardReaderOptions {
  readonly projector: Projector;
  readonly ledger: Ledger;
  /** The shortest time in ms between two reads of one board's top from the ledger. */
  readonly tickMs: number;
  readonly now: () => number;
  readonly timers: Timers;
}

/**
 * Reads boards: from the ranking, and while that is unavailable the top from
 * the ledger, with at most one query a board at a time and a tick. A top that
 * is read after another is never older. Who reads the same page of a ranking at
 * a time is given the same object.
 */
export class BoardReader {
  readonly #options: BoardReaderOptions;
  readonly #pages = new SharedReads<RankedPage>();
  readonly #tops = new Map<number, { top: Promise<LedgerTop>; freshUntil: number }>();
  /** What boards last showed from the ledger, until their rankings hold all of it. */
  readonly #shown = new Map<number, LedgerTop>();

  constructor(options: BoardReaderOptions) {
    this.#options = options;
  }

  /** Up to `limit` standings after `offset`; rejects `ranking_unavailable` only for what lies below the first 100. */
  async page(board: Board, offset: number, limit: number): Promise<RankedPage> {
    try {
      return await this.#ranked(board, offset, limit);
    } catch (error) {
      if (!isScoreError(error, "ranking_unavailable") || offset + limit > maxEntries) throw error;
      const top = await this.#top(board);
      this.#shown.set(board.boardNo, top);
      return { ...unranked, ...top, standings: top.standings.slice(offset, offset + limit) };
    }
  }

  /** The player's neighbours; rejects `unknown_player` and `ranking_unavailable`. */
  async around(board: Board, playerId: string, limit: number): Promise<RankedPage> {
    const page = await this.#options.projector.read(board, (r) => r.around(board, playerId, limit));
    return page ?? unknownPlayer(board, playerId);
  }

  /** The player's own place, without a rank while the ranking is unavailable; rejects `unknown_player`. */
  async place(board: Board, playerId: string): Promise<PlayerPlace> {
    try {
      const { standings, totalPlayers } = await this.around(board, playerId, 1);
      const [standing] = standings;
      return standing ? { standing, totalPlayers } : unknownPlayer(board, playerId);
    } catch (error) {
      if (!isScoreError(error, "ranking_unavailable")) throw error;
      const { standings } = this.#options.ledger;
      const standing = await standings.find(board, playerId);
      if (standing === undefined) return unknownPlayer(board, playerId);
      const { totalPlayers } = await this.#top(board);
      return { standing, totalPlayers };
    }
  }

  /**
   * The ledger may have shown what another instance committed and has not yet
   * placed: that is placed first. What the ledger showed before is old by now.
   */
  async #ranked(board: Board, offset: number, limit: number): Promise<RankedPage> {
    const { boardNo } = board;
    const shown = this.#shown.get(boardNo);
    // Only the query is shared: each waits by itself for a ranking that is behind.
    const page = await this.#options.projector.read(board, async (ranking) => {
      if (shown) await ranking.place(board, shown.standings);
      const key = `${boardNo}/${offset}/${limit}`;
      return this.#pages.read(key, () => ranking.page(board, offset, limit));
    });
    if (this.#shown.get(boardNo) === shown) this.#shown.delete(boardNo);
    this.#tops.delete(boardNo);
    return page;
  }

  /** A slow scan is not repeated before it has paid for itself. */
  #top(board: Board): Promise<LedgerTop> {
    const { ledger, tickMs, now, timers } = this.#options;
    const known = this.#tops.get(board.boardNo);
    if (known && known.freshUntil > now()) return known.top;
    const began = now();
    const entry = {
      top: ledger.standings.top(board, 0, maxEntries),
      freshUntil: Number.POSITIVE_INFINITY,
    };
    this.#tops.set(board.boardNo, entry);
    const done = () => {
      const took = now() - began;
      entry.freshUntil = began + Math.max(tickMs, 2 * took);
      const forget = () =>
        this.#tops.get(board.boardNo) === entry && this.#tops.delete(board.boardNo);
      timers.tidyAfter(2 * (tickMs + took), forget);
    };
    entry.top.then(done, () => this.#tops.delete(board.boardNo));
    return entry.top;
  }
}

function unknownPlayer(board: Board, playerId: string): never {
  throw new ScoreError("unknown_player", `${playerId} has no score on board ${board.boardId}`);
}
