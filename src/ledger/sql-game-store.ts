import { sql } from "kysely";
import type { Aggregation, Board, Direction, Game, GameSettings } from "../model/game.ts";
import type { Timers } from "../model/timers.ts";
import { epochMs } from "./commit-statement.ts";
import type { Database, OpenDatabase } from "./database.ts";
import { reading } from "./database-failure.ts";
import type { GameStore } from "./ledger.ts";
import { patiently } from "./patiently.ts";

/** How long a game is looked up again while the ledger can't be reached, in ms: connections may end while it is well. */
const patienceMs = 500;

interface GameRow {
  readonly game_no: number;
  readonly game_id: string;
  readonly revision: number;
  readonly actions: { name: string; points: number; maxPerMinute: number }[];
  readonly at: number;
  readonly boards:
    | {
        board_no: number;
        board_id: string;
        aggregation: Aggregation;
        direction: Direction;
        title: string;
        state: "ready" | "filling";
      }[]
    | null;
}

interface SqlGameStoreOptions {
  readonly database: Pick<OpenDatabase, "db" | "commits">;
  /** Monotonic. */
  readonly now: () => number;
  readonly timers: Timers;
}

/** The games over SQL. */
export class SqlGameStore implements GameStore {
  readonly #db: Database;
  /** Before a commit, a game is looked up when it was not for a second. */
  readonly #commits: Database;
  readonly #now: () => number;
  readonly #timers: Timers;

  constructor({ database, now, timers }: SqlGameStoreOptions) {
    this.#db = database.db;
    this.#commits = database.commits;
    this.#now = now;
    this.#timers = timers;
  }

  async find(gameId: string): Promise<Game | undefined> {
    const query = () => selectGames(this.#commits, sql`where g.game_id = ${gameId}`);
    const [game] = await reading(() =>
      patiently(query, { patienceMs, now: this.#now, timers: this.#timers }),
    );
    return game;
  }

  async list(afterGameId: string, limit: number): Promise<readonly Game[]> {
    const page = sql`where g.game_id > ${afterGameId} order by g.game_id limit ${limit}`;
    return reading(() => selectGames(this.#db, page));
  }

  async put(settings: GameSettings): Promise<Game> {
    return reading(() =>
      this.#db.transaction().execute(async (tx) => {
        await sql`
          insert into game (game_id, revision, actions) values (${settings.gameId}, 0, '[]')
          on conflict (game_id) do nothing`.execute(tx);
        const { rows } = await sql<{ game_no: number }>`
          update game set revision = revision + 1, updated_at = clock_timestamp(),
            actions = ${JSON.stringify(settings.actions)}::jsonb
          where game_id = ${settings.gameId} returning game_no`.execute(tx);
        const gameNo = rows[0]?.game_no;
        if (gameNo === undefined) throw new Error("a game vanished while it was locked");
        await replaceBoards(tx, gameNo, settings.boards);
        const [game] = await selectGames(tx, sql`where g.game_no = ${gameNo}`);
        if (game === undefined) throw new Error("a game vanished while it was locked");
        return game;
      }),
    );
  }

  async ensure(settings: GameSettings): Promise<Game> {
    return (await this.find(settings.gameId)) ?? (await this.#create(settings));
  }

  /** Locks the game first: a board that was being added is only seen after that. */
  async delete(gameId: string): Promise<boolean> {
    return reading(() =>
      this.#db.transaction().execute(async (tx) => {
        const { rows } = await sql<{ game_no: number }>`
          select game_no from game where game_id = ${gameId} for update`.execute(tx);
        const gameNo = rows[0]?.game_no;
        if (gameNo === undefined) return false;
        await sql`
          insert into removed_board
          select board_no from board where game_no = ${gameNo}`.execute(tx);
        await sql`insert into removed_game values (${gameNo})`.execute(tx);
        await sql`delete from game where game_no = ${gameNo}`.execute(tx);
        return true;
      }),
    );
  }

  /** Leaves a game alone that somebody else created in the meantime. */
  async #create(settings: GameSettings): Promise<Game> {
    await reading(() =>
      this.#db.transaction().execute(async (tx) => {
        const { rows } = await sql<{ game_no: number }>`
          insert into game (game_id, revision, actions)
          values (${settings.gameId}, 1, ${JSON.stringify(settings.actions)}::jsonb)
          on conflict (game_id) do nothing returning game_no`.execute(tx);
        if (rows[0]) await replaceBoards(tx, rows[0].game_no, settings.boards);
      }),
    );
    return this.ensure(settings);
  }
}

async function selectGames(db: Database, rest: ReturnType<typeof sql>): Promise<Game[]> {
  const { rows } = await sql<GameRow>`
    select g.game_no, g.game_id, g.revision, g.actions, ${epochMs(sql`g.updated_at`)} as at,
      (select json_agg(b order by b.position) from board b where b.game_no = g.game_no) as boards
    from game g ${rest}`.execute(db);
  return rows.map((row) => ({
    gameNo: row.game_no,
    gameId: row.game_id,
    revision: row.revision,
    updatedAt: row.at,
    actions: new Map(row.actions.map((action) => [action.name, action])),
    boards: (row.boards ?? []).map((board) => ({
      boardNo: board.board_no,
      boardId: board.board_id,
      aggregation: board.aggregation,
      direction: board.direction,
      title: board.title,
      state: board.state,
    })),
  }));
}

/** A board keeps its number, and so its standings, while its rules stay. */
async function replaceBoards(
  tx: Database,
  gameNo: number,
  wanted: readonly Pick<Board, "boardId" | "aggregation" | "direction" | "title">[],
): Promise<void> {
  const boardIds = wanted.map((board) => board.boardId);
  const aggregations = wanted.map((board) => board.aggregation);
  const directions = wanted.map((board) => board.direction);
  const titles = wanted.map((board) => board.title);
  const list = sql`unnest(${boardIds}::text[], ${aggregations}::text[], ${directions}::text[],
    ${titles}::text[]) with ordinality as w(board_id, aggregation, direction, title, position)`;
  await sql`
    with gone as (
      delete from board b where b.game_no = ${gameNo} and not exists (
        select from ${list} where w.board_id = b.board_id
          and w.aggregation = b.aggregation and w.direction = b.direction)
      returning b.board_no
    ) insert into removed_board select board_no from gone`.execute(tx);
  await sql`
    insert into board (game_no, board_id, aggregation, direction, title, position, state, filled_seq)
    select ${gameNo}::int, w.board_id, w.aggregation, w.direction, w.title, w.position,
      case when exists (select from score_event e where e.game_no = ${gameNo}::int)
        then 'filling' else 'ready' end, 0
    from ${list}
    on conflict (game_no, board_id)
      do update set title = excluded.title, position = excluded.position`.execute(tx);
}
