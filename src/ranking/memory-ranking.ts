import { EventEmitter } from "node:events";
import { type Clock, monotonicClock } from "../model/clock.ts";
import type { Board, Direction } from "../model/game.ts";
import { ScoreError } from "../model/score-error.ts";
import { compareStandings, type Standing } from "../model/standing.ts";
import { differingFields, type Expected } from "./holdings.ts";
import { PlayerMap } from "./player-map.ts";
import { RankOrder } from "./rank-order.ts";
import {
  type Comparison,
  type Placements,
  type RankedPage,
  type Ranking,
  type RankingHead,
  RankingMissing,
  type Rebuild,
  rebuildLeaseMs,
  type ScanCursor,
  type ScanStep,
  windowStart,
} from "./ranking.ts";
import { StandingTable } from "./standing-table.ts";

/** The places that one step of a scan looks at. */
const scanStep = 500;

interface BoardRanking extends RankingHead {
  epoch: number;
  version: number;
  checkpoint: number;
  changedAt: number | undefined;
  /** The sum of the players' versions. */
  changes: number;
  readonly standings: StandingTable;
  /** Each player's row of `standings`. */
  readonly players: PlayerMap<number>;
  readonly order: RankOrder;
}

interface Building {
  readonly ranking: BoardRanking;
  /** When its builder last said something. */
  heardAt: number;
}

/** The order of boards in this process's memory; for a single process only. */
export class MemoryRanking implements Ranking {
  readonly #boards = new Map<number, BoardRanking>();
  readonly #building = new Map<number, Building>();
  readonly #changes = new EventEmitter().setMaxListeners(0);
  readonly #now: Clock;

  constructor(now: Clock = monotonicClock) {
    this.#now = now;
  }

  async place(board: Board, standings: readonly Standing[]): Promise<Placements> {
    const building = this.#building.get(board.boardNo);
    if (building && building.heardAt + rebuildLeaseMs < this.#now()) {
      this.#building.delete(board.boardNo);
    } else if (building) {
      for (const standing of standings) put(building.ranking, standing);
    }
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
    return page(ranking, windowStart(rank - 1, limit, ranking.standings.size), limit);
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
    const { standings, players, order } = ranking;
    const held = expected.map(({ playerId }) => {
      const row = players.get(playerId);
      if (row === undefined) return undefined;
      const standing = standings.get(row);
      return { ...standing, score: order.rankOf(row) < 0 ? undefined : standing.score };
    });
    const isAsExpected = expected.every(({ standing }, index) => {
      const one = held[index];
      return standing && one ? differingFields(standing, one).length === 0 : standing === one;
    });
    return {
      ...stateOf(ranking),
      players: standings.size,
      places: order.size,
      held: isAsExpected ? undefined : held,
    };
  }

  /** The cursor is the number of places that were looked at. */
  async scan(board: Board, cursor: ScanCursor | undefined): Promise<ScanStep> {
    const ranking = this.#get(board);
    const offset = (cursor as number | undefined) ?? 0;
    const { standings, players, order } = ranking;
    const rows = order.range(offset, scanStep);
    const next = offset + rows.length;
    return {
      ...stateOf(ranking),
      playerIds: rows.map((row) => standings.playerId(row)),
      strays: rows
        .filter((row) => players.get(standings.playerId(row)) !== row)
        .map((row) => standings.get(row)),
      next: next < order.size ? next : undefined,
    };
  }

  /** Nobody else is there: another rebuild of this process has failed or come first. */
  async beginRebuild(board: Board, epoch: number): Promise<Rebuild | undefined> {
    const { boardNo } = board;
    if ((this.#boards.get(boardNo)?.epoch ?? 0) >= epoch) return undefined;
    const ranking = emptyRanking(board.direction, epoch);
    const building: Building = { ranking, heardAt: this.#now() };
    this.#building.set(boardNo, building);
    const check = () => {
      building.heardAt = this.#now();
      if (this.#building.get(boardNo) === building) return;
      throw new ScoreError("ranking_unavailable", `another rebuild of ${board.boardId} began`);
    };
    return {
      add: async (standings) => {
        check();
        for (const standing of standings) put(ranking, standing);
      },
      finish: async (checkpoint) => {
        check();
        ranking.checkpoint = checkpoint;
        ranking.version = (this.#boards.get(boardNo)?.version ?? 0) + 1;
        this.#boards.set(boardNo, ranking);
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
  const standings = new StandingTable();
  return {
    epoch,
    version: 0,
    checkpoint: 0,
    changedAt: undefined,
    changes: 0,
    standings,
    players: new PlayerMap(),
    order: new RankOrder((a, b) =>
      compareStandings(direction, standings.place(a), standings.place(b)),
    ),
  };
}

function put(ranking: BoardRanking, standing: Standing): boolean {
  const { standings, players, order } = ranking;
  let row = players.get(standing.playerId);
  const version = row === undefined ? 0 : standings.version(row);
  if (version >= standing.version) return false;
  if (row === undefined) {
    row = standings.add(standing);
    players.set(standing.playerId, row);
  } else {
    order.delete(row);
    standings.set(row, standing);
  }
  order.add(row);
  ranking.changes += standing.version - version;
  ranking.changedAt = Math.max(ranking.changedAt ?? 0, standing.updatedAt);
  return true;
}

function rankOf({ players, order }: BoardRanking, playerId: string): number | undefined {
  const row = players.get(playerId);
  return row === undefined ? undefined : order.rankOf(row) + 1;
}

function stateOf({ epoch, version }: BoardRanking) {
  return { epoch, version };
}

function page(ranking: BoardRanking, offset: number, limit: number): RankedPage {
  const { standings, order } = ranking;
  return {
    ...stateOf(ranking),
    standings: order
      .range(offset, limit)
      .map((row, index) => ({ ...standings.get(row), rank: offset + index + 1 })),
    totalPlayers: standings.size,
    changedAt: ranking.changedAt,
    changes: ranking.changes,
  };
}
