import { sql } from "kysely";
import type { Aggregation, Direction } from "../model/game.ts";
import { type Fragment, foldInto, foldKind } from "./commit-statement.ts";
import type { Database } from "./database.ts";

/** Rows a step: short enough that no score waits noticeably for it. */
const stepRows = 5_000;

interface FillingBoard {
  readonly board_no: number;
  readonly game_no: number;
  readonly aggregation: Aggregation;
  readonly direction: Direction;
  readonly filled_seq: number;
}

/**
 * Folds the next part of a filling board's history, and makes it ready when
 * nothing is left. Several instances may call it: one works, the others find
 * nothing. Returns whether there is more to do.
 *
 * Within a game events become visible in the order of seq, so that all up to a
 * visible one can be read. The last part is folded under the game's lock: the
 * next commit already finds the board ready.
 */
export async function fillStep(db: Database): Promise<boolean> {
  const board = await db.transaction().execute(async (tx) => {
    const { rows } = await sql<FillingBoard>`
      select board_no, game_no, aggregation, direction, filled_seq from board
      where state = 'filling' order by board_no limit 1 for update skip locked`.execute(tx);
    const [found] = rows;
    if (found === undefined) return undefined;
    const step = await fold(tx, found);
    return { ...found, isNearlyDone: step.rows < stepRows };
  });
  if (board?.isNearlyDone) await finishFilling(db, board);
  return board !== undefined;
}

/** Locks in the order of every other statement: the game first. */
async function finishFilling(db: Database, { game_no, board_no }: FillingBoard): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await sql`select from game where game_no = ${game_no} for update`.execute(tx);
    const { rows } = await sql<FillingBoard>`
      select board_no, game_no, aggregation, direction, filled_seq from board
      where board_no = ${board_no} and state = 'filling' for update`.execute(tx);
    const [board] = rows;
    if (board === undefined) return;
    const step = await fold(tx, board);
    if (step.rows === stepRows) return;
    await sql`update board set state = 'ready' where board_no = ${board_no}`.execute(tx);
    await sql`update game set revision = revision + 1 where game_no = ${game_no}`.execute(tx);
  });
}

/**
 * The events of a history are accepted already: a sum of them that no score can
 * hold stops at the limit.
 */
const clipped = (score: Fragment) =>
  sql`least(greatest(${score}, ${-Number.MAX_SAFE_INTEGER}::bigint), ${Number.MAX_SAFE_INTEGER}::bigint)`;

/** Folds up to `stepRows` events that the board misses. */
async function fold(tx: Database, board: FillingBoard) {
  const from = board.filled_seq;
  const { rows } = await sql<{ last: number; rows: number }>`
    select coalesce(max(seq), ${from}::bigint) as last, count(*) as rows from (
      select seq from score_event where game_no = ${board.game_no} and seq > ${from}
      order by seq limit ${stepRows}) step`.execute(tx);
  const step = rows[0] ?? { last: from, rows: 0 };
  const source = sql`(select game_no, player_id, seq, points, display_name, committed_at
    from score_event where game_no = ${board.game_no} and seq > ${from} and seq <= ${step.last})`;
  const target = sql`(values (${board.game_no}::int, ${board.board_no}::int)) `;
  const boards = sql`(select * from ${target} as x(game_no, board_no))`;
  await foldInto(foldKind(board), source, boards, clipped).execute(tx);
  await sql`
    update board set filled_seq = ${step.last} where board_no = ${board.board_no}`.execute(tx);
  return step;
}

/**
 * Deletes the next part of what belongs to removed games and boards; a board's
 * ranking goes first, through `removeRanking`. Returns whether there is more.
 *
 * An instance that meets another on the same rows finds few left to delete, or
 * none: only when there are none any more is the work done.
 */
export async function sweepStep(
  db: Database,
  removeRanking: (boardNo: number) => Promise<void>,
): Promise<boolean> {
  const { rows: boards } = await sql<{ board_no: number }>`
    select board_no from removed_board order by board_no limit 1`.execute(db);
  const board = boards[0];
  if (board !== undefined) {
    await removeRanking(board.board_no);
    const { numAffectedRows } = await sql`
      delete from standing where ctid = any(array(
        select ctid from standing where board_no = ${board.board_no} limit ${stepRows}))`.execute(
      db,
    );
    if (Number(numAffectedRows ?? 0) < stepRows) {
      await sql`
        delete from removed_board where board_no = ${board.board_no}
          and not exists (select from standing where board_no = ${board.board_no})`.execute(db);
    }
    return true;
  }
  const { rows: games } = await sql<{ game_no: number }>`
    select game_no from removed_game order by game_no limit 1`.execute(db);
  const game = games[0];
  if (game === undefined) return false;
  const { numAffectedRows } = await sql`
    delete from score_event where game_no = ${game.game_no} and seq = any(array(
      select seq from score_event where game_no = ${game.game_no} order by seq limit ${stepRows}))`.execute(
    db,
  );
  if (Number(numAffectedRows ?? 0) < stepRows) {
    await sql`
      delete from removed_game where game_no = ${game.game_no}
        and not exists (select from score_event where game_no = ${game.game_no})`.execute(db);
  }
  return true;
}
