import { sql } from "kysely";
import type { Board } from "../model/game.ts";
import type { Standing } from "../model/standing.ts";
import { epochMs } from "./commit-statement.ts";
import type { Database } from "./database.ts";
import { reading } from "./database-failure.ts";
import type { LedgerTop, StandingPage, StandingReader } from "./ledger.ts";
import { lookUpStandings, type StandingRow, standingColumns, toStanding } from "./look-up.ts";

interface TotalsRow {
  readonly total: number;
  readonly changes: number;
  readonly at: number | null;
}

type PackedStanding = readonly [
  playerId: string,
  score: number,
  seq: number,
  version: number,
  displayName: string | null,
  at: number,
];

function unpacked([playerId, score, seq, version, name, updatedAt]: PackedStanding): Standing {
  return { playerId, score, seq, version, updatedAt, displayName: name ?? undefined };
}

/** Standings over SQL. */
export class SqlStandingReader implements StandingReader {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * Scans the board: an index in the board's order would make every update
   * write to it, for the rare time without a ranking.
   */
  async top(board: Board, offset: number, limit: number): Promise<LedgerTop> {
    const best = board.direction === "descending" ? sql`s.score desc` : sql`s.score asc`;
    return reading(async () => {
      const { rows } = await sql<StandingRow>`
        select ${standingColumns} from standing s where s.board_no = ${board.boardNo}
        order by ${best}, s.seq limit ${limit} offset ${offset}`.execute(this.#db);
      const { rows: totals } = await sql<TotalsRow>`
        select count(*) as total, coalesce(sum(version), 0)::bigint as changes,
          ${epochMs(sql`max(updated_at)`)} as at
        from standing where board_no = ${board.boardNo}`.execute(this.#db);
      return {
        standings: rows.map((row, index) => ({ ...toStanding(row), rank: offset + index + 1 })),
        totalPlayers: totals[0]?.total ?? 0,
        changedAt: totals[0]?.at ?? undefined,
        changes: totals[0]?.changes ?? 0,
      };
    });
  }

  async find(board: Board, playerId: string): Promise<Standing | undefined> {
    return (await this.ofPlayers(board, [playerId]))[0];
  }

  async ofPlayers(board: Board, playerIds: readonly string[]): Promise<readonly Standing[]> {
    const keys = playerIds.map((playerId) => ({ boardNo: board.boardNo, playerId }));
    return reading(async () =>
      (await lookUpStandings(this.#db, keys)).map(({ standing }) => standing),
    );
  }

  /**
   * A page comes as one JSON value: to take each row's fields one by one cost an
   * embedded ledger 11 µs a row, which is now 4.5.
   */
  async page(board: Board, after: string | undefined, limit: number): Promise<StandingPage> {
    return reading(async () => {
      const { rows } = await sql<{ page: PackedStanding[] | null }>`
        select json_agg(json_build_array(player_id, score, seq, version, display_name, at)) as page
        from (
          select ${standingColumns} from standing s
          where s.board_no = ${board.boardNo} and s.player_id > ${after ?? ""}
          order by s.player_id limit ${limit}) s`.execute(this.#db);
      const standings = (rows[0]?.page ?? []).map(unpacked);
      return { standings, next: standings[limit - 1]?.playerId };
    });
  }

  async changedSince(
    board: Board,
    seq: number,
    after: string | undefined,
    limit: number,
  ): Promise<StandingPage> {
    const from = after === undefined ? seq : Number(after);
    return reading(async () => {
      const { rows } = await sql<StandingRow & { last: number; events: number }>`
        with step as (
          select e.seq, e.player_id from score_event e
          where e.seq > ${from} and e.game_no = (
            select b.game_no from board b where b.board_no = ${board.boardNo})
          order by e.seq limit ${limit}
        ), bounds as (select max(seq) as last, count(*) as events from step)
        select ${standingColumns}, bounds.last, bounds.events
        from bounds, (select distinct player_id from step) p
        join standing s on s.board_no = ${board.boardNo} and s.player_id = p.player_id`.execute(
        this.#db,
      );
      const [first] = rows;
      const isWhole = first !== undefined && first.events >= limit;
      return { standings: rows.map(toStanding), next: isWhole ? String(first.last) : undefined };
    });
  }

  async boardsChangedSince(seq: number): Promise<readonly number[]> {
    return reading(async () => {
      const { rows } = await sql<{ board_no: number }>`
        select b.board_no from board b where b.state = 'ready' and exists (
          select from score_event e where e.game_no = b.game_no and e.seq > ${seq})`.execute(
        this.#db,
      );
      return rows.map((row) => row.board_no);
    });
  }
}
