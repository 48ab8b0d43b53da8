import { LRUCache } from "lru-cache";
import type { GameStore } from "../ledger/ledger.ts";
import type { Clock } from "../model/clock.ts";
import type { Board, Game, GameSettings } from "../model/game.ts";
import { ScoreError } from "../model/score-error.ts";

/**
 * How long a game's settings are believed, in ms. Writes are safe with older
 * ones, since the ledger refuses what was checked against them; reads may lag
 * this much behind a change made on another instance.
 */
const freshMs = 1_000;

const maxGames = 10_000;

interface Known {
  readonly game: Promise<Game | undefined>;
  readonly freshUntil: number;
}

/** The games' settings, remembered for a moment. */
export class GameCatalog {
  readonly #store: GameStore;
  readonly #now: Clock;
  readonly #known = new LRUCache<string, Known>({ max: maxGames });

  constructor(store: GameStore, now: Clock) {
    this.#store = store;
    this.#now = now;
  }

  /** Rejects `unknown_game`. */
  async get(gameId: string): Promise<Game> {
    return (await this.find(gameId)) ?? unknownGame(gameId);
  }

  find(gameId: string): Promise<Game | undefined> {
    const known = this.#known.get(gameId);
    if (known && known.freshUntil > this.#now()) return known.game;
    return this.#remember(gameId, this.#store.find(gameId));
  }

  /** The game as it is in the ledger, unless it is newer than `stale` already. */
  async refresh(stale: Game): Promise<Game | undefined> {
    const known = await this.#known.get(stale.gameId)?.game.catch(() => undefined);
    if (known && (known.gameNo !== stale.gameNo || known.revision > stale.revision)) return known;
    return this.#remember(stale.gameId, this.#store.find(stale.gameId));
  }

  /** Creates the game unless it is there. */
  create(settings: GameSettings): Promise<Game> {
    const game = this.#store.ensure(settings);
    this.#remember(settings.gameId, game).catch(() => {});
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

  #remember(gameId: string, game: Promise<Game | undefined>): Promise<Game | undefined> {
    const entry: Known = { game, freshUntil: this.#now() + freshMs };
    this.#known.set(gameId, entry);
    game.catch(() => {
      if (this.#known.get(gameId) === entry) this.#known.delete(gameId);
    });
    return game;
  }
}

export function unknownGame(gameId: string): never {
  throw new ScoreError("unknown_game", `there is no game ${gameId}`);
}
