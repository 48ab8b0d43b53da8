import type { Board } from "../../src/model/game.ts";
import { ScoreError } from "../../src/model/score-error.ts";
import type { Standing } from "../../src/model/standing.ts";
import type { Expected } from "../../src/ranking/holdings.ts";
import { MemoryRanking } from "../../src/ranking/memory-ranking.ts";
import type { Placements, RankedPage, Rebuild, ScanCursor } from "../../src/ranking/ranking.ts";

interface RankingServerOptions {
  readonly boards: readonly Board[];
  readonly now: () => number;
  /** A builder that said nothing for this many ms is given up. */
  readonly leaseMs: number;
  /** The board's ranking says from now on that every event up to `seq` is in it. */
  readonly onClaim: (board: Board, seq: number) => Promise<void>;
}

interface Building {
  readonly epoch: number;
  readonly builder: string;
  readonly rebuild: Rebuild;
  leaseEnds: number;
}

/**
 * The server of a ranking that instances share: a MemoryRanking with, as in
 * Redis, one builder at a time, and that may lose what it holds.
 */
export class RankingServer {
  readonly #options: RankingServerOptions;
  #memory = new MemoryRanking();
  readonly #building = new Map<number, Building>();
  readonly #followers = new Map<number, Set<() => void>>();
  /** The ranks that players had when they were placed, by board and player. */
  readonly #ranksGiven = new Map<string, Set<number>>();
  /** Grows when the server starts anew, which breaks all connections. */
  starts = 1;

  constructor(options: RankingServerOptions) {
    this.#options = options;
    this.#announceChanges();
  }

  get followers(): number {
    return [...this.#followers.values()].reduce((sum, { size }) => sum + size, 0);
  }

  wasGiven(boardNo: number, playerId: string, rank: number): boolean {
    return this.#ranksGiven.get(`${boardNo}/${playerId}`)?.has(rank) === true;
  }

  /** The board as it is; undefined when there is none. */
  async content(board: Board): Promise<RankedPage | undefined> {
    const head = await this.head(board);
    return head && this.page(board, 0, 1_000);
  }

  async place(board: Board, standings: readonly Standing[]): Promise<Placements> {
    const reply = await this.#memory.place(board, standings);
    for (const [index, { rank }] of reply.placements.entries()) {
      const key = `${board.boardNo}/${standings[index]?.playerId}`;
      this.#ranksGiven.set(key, (this.#ranksGiven.get(key) ?? new Set()).add(rank));
    }
    return reply;
  }

  page(board: Board, offset: number, limit: number) {
    return this.#memory.page(board, offset, limit);
  }

  around(board: Board, playerId: string, limit: number) {
    return this.#memory.around(board, playerId, limit);
  }

  head(board: Board) {
    return this.#memory.head(board);
  }

  compare(board: Board, expected: readonly Expected[]) {
    return this.#memory.compare(board, expected);
  }

  scan(board: Board, cursor: ScanCursor | undefined) {
    return this.#memory.scan(board, cursor);
  }

  async setCheckpoint(board: Board, seq: number): Promise<void> {
    await this.#memory.setCheckpoint(board, seq);
    await this.#options.onClaim(board, seq);
  }

  /** False when somebody else is building. */
  async beginRebuild(board: Board, epoch: number, builder: string): Promise<boolean> {
    const { now, leaseMs } = this.#options;
    const other = this.#building.get(board.boardNo);
    if (other && other.builder !== builder && other.leaseEnds > now()) return false;
    const rebuild = await this.#memory.beginRebuild(board, epoch);
    if (rebuild === undefined) return false;
    this.#building.set(board.boardNo, { epoch, builder, rebuild, leaseEnds: now() + leaseMs });
    return true;
  }

  async addRebuild(board: Board, epoch: number, standings: readonly Standing[]): Promise<void> {
    const building = this.#builds(board, epoch);
    await building.rebuild.add(standings);
    building.leaseEnds = this.#options.now() + this.#options.leaseMs;
  }

  async finishRebuild(board: Board, epoch: number, checkpoint: number): Promise<void> {
    await this.#builds(board, epoch).rebuild.finish(checkpoint);
    this.#building.delete(board.boardNo);
    await this.#options.onClaim(board, checkpoint);
  }

  async remove(boardNo: number): Promise<void> {
    this.#building.delete(boardNo);
    await this.#memory.remove(boardNo);
  }

  follow(boardNo: number, onChange: () => void): () => void {
    const followers = this.#followers.get(boardNo) ?? new Set();
    this.#followers.set(boardNo, followers.add(onChange));
    return () => followers.delete(onChange);
  }

  /** Loses all it holds; connections stay. */
  empty(): void {
    this.#memory = new MemoryRanking();
    this.#building.clear();
    this.#announceChanges();
  }

  /**
   * Starts anew, which breaks its connections. Whatever older state it loads
   * counts as none, as in Redis: it was built on another process.
   */
  restart(): void {
    this.starts += 1;
    this.empty();
  }

  #builds(board: Board, epoch: number): Building {
    const building = this.#building.get(board.boardNo);
    if (building?.epoch === epoch) return building;
    throw new ScoreError("ranking_unavailable", `another rebuild of ${board.boardId} began`);
  }

  #announceChanges(): void {
    for (const { boardNo } of this.#options.boards) {
      void this.#memory.follow(boardNo, () => {
        for (const onChange of this.#followers.get(boardNo) ?? []) onChange();
      });
    }
  }
}
