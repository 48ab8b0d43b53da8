import { LRUCache } from "lru-cache";
import type { GameStore } from "../ledger/ledger.ts";
import type { Clock } from "../model/clock.ts";
import type { Board, Game, GameSettings } from "../model/game.ts";
import { isScoreError, ScoreError } from "../model/score-error.ts";
import type { Timers } from "../model/timers.ts";

/**
 * How long a game's settings are believed, in ms. Writes are safe with older
 * ones, since the ledger refuses what was checked against them; reads may lag
 * this much behind a change made on another instance.
 */
const freshMs = 1_000;

/** How long a ledger that is silent is waited for when the settings were known before, in ms. */
const patienceMs = 500;

const maxGames = 10_000;

interface Known {
  /** What the ledger answers. */
  readonly read: Promise<Game | undefined>;
  /** That, or `last` where the ledger does not answer. */
  game: Promise<Game | undefined>;
  /** The game as the ledger last had it; undefined when it had none, and before its first answer. */
  last: Game | undefined;
  /** Of `read`. */
  state: "under way" | "answered" | "failed";
  freshUntil: number;
}

/**
 * The games' settings, remembered for a moment; and for as long as the ledger
 * does not answer, so that boards can still be read from their rankings.
 */
export class GameCatalog {
  readonly #store: GameStore;
  readonly #now: Clock;
  readonly #timers: Timers;
  readonly #known = new LRUCache<string, Known>({ max: maxGames });

  constructor(store: GameStore, now: Clock, timers: Timers) {
    this.#store = store;
    this.#now = now;
    this.#timers = timers;
  }

  /**
   * For reads: while the ledger does not answer, the game as it was before.
   * Rejects `unknown_game`, and `ledger_unavailable` for a game that was not there.
   */
  async get(gameId: string): Promise<Game> {
    const known = this.#known.get(gameId);
    const isGood =
      known && (known.freshUntil > this.#now() || (known.last && known.state === "under way"));
    return (await (isGood ? known : this.#read(gameId)).game) ?? unknownGame(gameId);
  }

  /** For writes, which need the ledger all the same: rejects `ledger_unavailable`. */
  find(gameId: string): Promise<Game | undefined> {
    const known = this.#known.get(gameId);
    const isGood = known && known.freshUntil > this.#now() && known.state !== "failed";
    return (isGood ? known : this.#read(gameId)).read;
  }

  /**
   * The game as it is in the ledger, unless it is newer than `stale` already;
   * rejects `ledger_unavailable`.
   */
  async refresh(stale: Game): Promise<Game | undefined> {
    const { gameId, gameNo, revision } = stale;
    const known = this.#known.get(gameId);
    const game = await known?.game.catch(() => undefined);
    if (game && (game.gameNo !== gameNo || game.revision > revision)) return game;
    // Of all who waited the first one reads it.
    const next = this.#known.get(gameId);
    return (next && next !== known ? next : this.#read(gameId)).read;
  }

  /** Creates the game unless it is there. */
  create(settings: GameSettings): Promise<Game> {
    const game = this.#store.ensure(settings);
    this.#remember(settings.gameId, game);
    return game;
  }

  forget(gameId: string): void {
    this.#known.delete(gameId);
  }

  /** The board, or the game's first when `boardId` is empty; rejects `unknown_game`, `unknown_board` and `board_filling`. */
  async board(gameId: string, boardId: string): Promise<Board> {
    const { boards } = await this.get(gameId);
    const board = boardId === "" ? boards[0] : boards.find((b) => b.boardId === boardId);
    if (board === undefined) {
      throw new ScoreError("unknown_board", `game ${gameId} has no board ${boardId}`);
    }
    if (board.state === "filling") {
      const message = `board ${board.boardId} is being filled from the game's history`;
      throw new ScoreError("board_filling", message, { retryAfterMs: 1_000 });
    }
    return board;
  }

  /** The board as it is now; rejects as `board`, and `unknown_board` also when it was replaced by another. */
  async same(gameId: string, { boardId, boardNo }: Board): Promise<Board> {
    const board = await this.board(gameId, boardId);
    if (board.boardNo === boardNo) return board;
    throw new ScoreError("unknown_board", `board ${boardId} of game ${gameId} was replaced`);
  }

  #read(gameId: string): Known {
    return this.#remember(gameId, this.#store.find(gameId));
  }

  #remember(gameId: string, read: Promise<Game | undefined>): Known {
    const last = this.#known.get(gameId)?.last;
    const known: Known = {
      read,
      game: last ? this.#orLast(read, last) : read,
      last,
      state: "under way",
      freshUntil: this.#now() + freshMs,
    };
    this.#known.set(gameId, known);
    read.then(
      (game) => Object.assign(known, { game: read, last: game, state: "answered" }),
      (error) => {
        known.state = "failed";
        known.freshUntil = this.#now() + freshMs;
        const goesOn = last !== undefined && isScoreError(error, "ledger_unavailable");
        if (!goesOn && this.#known.get(gameId) === known) this.#known.delete(gameId);
      },
    );
    // Not everybody who begins a read waits for it.
    known.game.catch(() => {});
    return known;
  }

  /** What the ledger answers, or `last` when it is unavailable or silent. */
  async #orLast(read: Promise<Game | undefined>, last: Game): Promise<Game | undefined> {
    const patience = new AbortController();
    const late = this.#timers.sleep(patienceMs, patience.signal).then(() => last);
    try {
      return await Promise.race([read, late]);
    } catch (error) {
      if (isScoreError(error, "ledger_unavailable")) return last;
      throw error;
    } finally {
      patience.abort();
    }
  }
}

export function unknownGame(gameId: string): never {
  throw new ScoreError("unknown_game", `there is no game ${gameId}`);
}
