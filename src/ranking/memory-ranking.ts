import { EventEmitter } from "node:events";
import { RedBlackTree } from "data-structure-typed";
import type { Board, Direction } from "../model/game.ts";
import { ScoreError } from "../model/score-error.ts";
import { compareStandings, type Standing } from "../model/standing.ts";
import { differingFields, type Expected } from "./holdings.ts";
import { PlayerMap } from "./player-map.ts";
import {
  type Comparison,
  type Placements,
  type RankedPage,
  type Ranking,
  type RankingHead,
  RankingMissing,
  type Rebuild,
  type ScanCursor,
  type ScanStep,
  windowStart,
} from "./ranking.ts";

/** The places that one step of a scan looks at. */
const scanStep = 500;

interface BoardRanking extends RankingHead {
  epoch: number;
  version: number;
  checkpoint: number;
  changedAt: number | undefined;
  /** The sum of the players' versions. */
  changes: number;
  readonly players: PlayerMap<Standing>;
  readonly order: RedBlackTree<Standing, undefined>;
}

/** The order of boards in this process's memory; for a single process only. */
export class MemoryRanking implements Ranking {
  readonly #boards = new Map<number, BoardRanking>();
  readonly #building = new Map<number, BoardRanking>();
  readonly #changes = new EventEmitter().setMaxListeners(0);

  async place(board: Board, standings: readonly Standing[]): Promise<Placements> {
    const building = this.#building.get(board.boardNo);
    if (building) for (const standing of standings) put(building, standing);
    const ranking = this.#get(board);
    const before = standings.map(({ playerId }) => rankOf(ranking, playerId));
    let isChanged = false;
    for (const standing of standings) isChanged = put(ranking, standing) || isChanged;
    if (isChanged) this.#changed(board.boardNo, ranking);
    const placements = standings.map(({ playerId }, index) => ({
      rank: rankOf(ranking, playerId) ?? 0,
      previousRank: before[index],
    }));
    return { ...stateOf(ranking), placements };
  }

  async page(board: Board, offset: number, limit: number): Promise<RankedPage> {
    return page(this.#get(board), offset, limit);
  }

  async around(board: Board, playerId: string, limit: number): Promise<RankedPage | undefined> {
    const ranking = this.#get(board);
    const rank = rankOf(ranking, playerId);
    if (rank === undefined) return undefined;
    return page(ranking, windowStart(rank - 1, limit, ranking.players.size), limit);
  }

  async head(board: Board): Promise<RankingHead | undefined> {
    const ranking = this.#boards.get(board.boardNo);
    return ranking && { ...stateOf(ranking), checkpoint: ranking.checkpoint };
  }

  async setCheckpoint(board: Board, seq: number): Promise<void> {
    const ranking = this.#get(board);
    ranking.checkpoint = Math.max(ranking.checkpoint, seq);
  }

  async compare(board: Board, expected: readonly Expected[]): Promise<Comparison> {
    const ranking = this.#get(board);
    const { players, order } = ranking;
    const held = expected.map(({ playerId }) => {
      const standing = players.get(playerId);
      const isPlaced = standing !== undefined && isInPlace(ranking, standing);
      return standing && { ...standing, score: isPlaced ? standing.score : undefined };
    });
    const isAsExpected = expected.every(({ standing }, index) => {
      const one = held[index];
      return standing && one ? differingFields(standing, one).length === 0 : standing === one;
    });
    return {
      ...stateOf(ranking),
      players: players.size,
      places: order.size,
      held: isAsExpected ? undefined : held,
    };
  }

  /** The cursor is the number of places that were looked at. */
  async scan(board: Board, cursor: ScanCursor | undefined): Promise<ScanStep> {
    const ranking = this.#get(board);
    const offset = (cursor as number | undefined) ?? 0;
    const last = Math.min(offset + scanStep, ranking.order.size) - 1;
    const found = offset > last ? [] : ranking.order.rangeByRank(offset, last);
    const places = found.filter((standing) => standing !== undefined);
    return {
      ...stateOf(ranking),
      playerIds: places.map(({ playerId }) => playerId),
      strays: places.filter((standing) => ranking.players.get(standing.playerId) !== standing),
      next: last + 1 < ranking.order.size ? last + 1 : undefined,
    };
  }

  /** Nobody else is there: another rebuild of this process has failed or come first. */
  async beginRebuild(board: Board, epoch: number): Promise<Rebuild | undefined> {
    const { boardNo } = board;
    if ((this.#boards.get(boardNo)?.epoch ?? 0) >= epoch) return undefined;
    const building = emptyRanking(board.direction, epoch);
    this.#building.set(boardNo, building);
    const check = () => {
      if (this.#building.get(boardNo) === building) return;
      throw new ScoreError("ranking_unavailable", `another rebuild of ${board.boardId} began`);
    };
    return {
      add: async (standings) => {
        check();
        for (const standing of standings) put(building, standing);
      },
      finish: async (checkpoint) => {
        check();
        building.checkpoint = checkpoint;
        building.version = (this.#boards.get(boardNo)?.version ?? 0) + 1;
        this.#boards.set(boardNo, building);
        this.#building.delete(boardNo);
        this.#changes.emit(String(boardNo));
      },
    };
  }

  async remove(boardNo: number): Promise<void> {
    this.#boards.delete(boardNo);
    this.#building.delete(boardNo);
  }

  async follow(boardNo: number, onChange: () => void): Promise<() => void> {
    this.#changes.on(String(boardNo), onChange);
    return () => this.#changes.off(String(boardNo), onChange);
  }

  async close(): Promise<void> {
    this.#changes.removeAllListeners();
  }

  #get(board: Board): BoardRanking {
    const ranking = this.#boards.get(board.boardNo);
    if (ranking === undefined) throw new RankingMissing(board);
    return ranking;
  }

  #changed(boardNo: number, ranking: BoardRanking): void {
    ranking.version += 1;
    this.#changes.emit(String(boardNo));
  }
}

function emptyRanking(direction: Direction, epoch: number): BoardRanking {
  const comparator = (a: Standing, b: Standing) => compareStandings(direction, a, b);
  const order = new RedBlackTree<Standing, undefined>([], {
    comparator,
    enableOrderStatistic: true,
    isMapMode: false,
  });
  return {
    epoch,
    version: 0,
    checkpoint: 0,
    changedAt: undefined,
    changes: 0,
    players: new PlayerMap(),
    order,
  };
}

function put(ranking: BoardRanking, standing: Standing): boolean {
  const old = ranking.players.get(standing.playerId);
  if (old && old.version >= standing.version) return false;
  if (old) ranking.order.delete(old);
  ranking.order.add(standing);
  ranking.players.set(standing.playerId, standing);
  ranking.changes += standing.version - (old?.version ?? 0);
  ranking.changedAt = Math.max(ranking.changedAt ?? 0, standing.updatedAt);
  return true;
}

/** Whether the order has this very standing in the place that it belongs to. */
function isInPlace({ order }: BoardRanking, standing: Standing): boolean {
  const rank = order.getRank(standing);
  return rank >= 0 && order.rangeByRank(rank, rank)[0] === standing;
}

function rankOf(ranking: BoardRanking, playerId: string): number | undefined {
  const standing = ranking.players.get(playerId);
  return standing && ranking.order.getRank(standing) + 1;
}

function stateOf({ epoch, version }: BoardRanking) {
  return { epoch, version };
}

function page(ranking: BoardRanking, offset: number, limit: number): RankedPage {
  const last = Math.min(offset + limit, ranking.players.size) - 1;
  const found = offset > last ? [] : ranking.order.rangeByRank(offset, last);
  return {
    ...stateOf(ranking),
    standings: found
      .filter((standing) => standing !== undefined)
      .map((standing, index) => ({ ...standing, rank: offset + index + 1 })),
    totalPlayers: ranking.players.size,
    changedAt: ranking.changedAt,
    changes: ranking.changes,
  };
}
