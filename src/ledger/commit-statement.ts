import { type RawBuilder, sql } from "kysely";
import type { Board } from "../model/game.ts";

/** How a kind of board folds events; `best` needs to know which end wins. */
export type FoldKind = "sum" | "best_descending" | "best_ascending" | "latest";

const foldKinds: readonly FoldKind[] = ["sum", "best_descending", "best_ascending", "latest"];

/** The kind of a board. */
export function foldKind(board: Pick<Board, "aggregation" | "direction">): FoldKind {
  return board.aggregation === "best" ? `best_${board.direction}` : board.aggregation;
}

/** Part of a statement. */
export type Fragment = RawBuilder<unknown>;

/**
 * Folds the events of `source` (game_no, player_id, seq, points, display_name,
 * committed_at) into the standings of `boards` (game_no, board_no), as if they
 * came one by one in the order of seq; returns the rows that changed.
 *
 * All events of a player become one row first, so that a row is touched once.
 * In it, `version` is one more than the number of changes that surely happen.
 * The caller holds the games' locks: `excluded.seq` is later than the row's.
 * Every sum goes through `limit`; one out of range fails the statement.
 */
export function foldInto(
  kind: FoldKind,
  source: Fragment,
  boards: Fragment,
  limit: Limit = (score) => score,
): Fragment {
  const { rows, score, seq, moved } = folds[kind](source, boards, limit);
  return sql`
    insert into standing as s
      (board_no, player_id, score, seq, version, previous_score, display_name, updated_at)
    ${rows}
    order by 1, 2
    on conflict (board_no, player_id) do update set
      previous_score = s.score,
      score = ${score},
      seq = case when ${moved} then ${seq} else s.seq end,
      version = s.version + greatest(excluded.version - 1, 1),
      display_name = coalesce(excluded.display_name, s.display_name),
      updated_at = case when ${moved} then excluded.updated_at else s.updated_at end
    where ${moved} or excluded.display_name <> coalesce(s.display_name, '')
    returning board_no, player_id, score, seq, version, previous_score, display_name, updated_at`;
}

interface Fold {
  readonly rows: Fragment;
  /** The score after a conflict with the row `s`. */
  readonly score: Fragment;
  readonly seq: Fragment;
  /** Whether the player reached a score (anew), which sets seq. */
  readonly moved: Fragment;
}

const latestName = sql`(array_agg(e.display_name order by e.seq desc)
  filter (where e.display_name is not null))[1]`;

type Limit = (score: Fragment) => Fragment;

const folds: Record<FoldKind, (source: Fragment, boards: Fragment, limit: Limit) => Fold> = {
  // Points of 0 change nothing, but they put a new player on the board.
  sum: (source, boards, limit) => ({
    rows: sql`
      select b.board_no, e.player_id, ${limit(sql`sum(e.points)`)},
        coalesce(max(e.seq) filter (where e.points <> 0), min(e.seq)),
        1 + count(*) filter (where e.points <> 0), null::bigint, ${latestName},
        coalesce(max(e.committed_at) filter (where e.points <> 0), min(e.committed_at))
      from ${source} e join ${boards} b on b.game_no = e.game_no
      group by b.board_no, e.player_id`,
    score: limit(sql`s.score + excluded.score`),
    seq: sql`excluded.seq`,
    moved: sql`excluded.version > 1`,
  }),
  best_descending: (source, boards) => best(source, boards, sql`max`, sql`>`),
  best_ascending: (source, boards) => best(source, boards, sql`min`, sql`<`),
  // The score counts as reached when the run of equal results began: sending
  // the same result again does not lose a tie.
  latest: (source, boards) => ({
    rows: sql`
      select r.board_no, r.player_id, r.final,
        min(r.seq) filter (where r.seq > r.other), 1 + count(*) filter (where r.other > 0),
        null::bigint, (array_agg(r.display_name order by r.seq desc)
          filter (where r.display_name is not null))[1],
        min(r.committed_at) filter (where r.seq > r.other)
      from (
        select f.*, coalesce(max(f.seq) filter (where f.points <> f.final)
          over (partition by f.board_no, f.player_id), 0) as other
        from (
          select b.board_no, e.player_id, e.seq, e.points, e.display_name, e.committed_at,
            first_value(e.points)
              over (partition by b.board_no, e.player_id order by e.seq desc) as final
          from ${source} e join ${boards} b on b.game_no = e.game_no
        ) f
      ) r
      group by r.board_no, r.player_id, r.final`,
    score: sql`excluded.score`,
    seq: sql`excluded.seq`,
    moved: sql`(excluded.version > 1 or excluded.score <> s.score)`,
  }),
};

function best(source: Fragment, boards: Fragment, pick: Fragment, better: Fragment): Fold {
  return {
    rows: sql`
      select f.board_no, f.player_id, f.top, min(f.seq) filter (where f.points = f.top), 1,
        null::bigint, (array_agg(f.display_name order by f.seq desc)
          filter (where f.display_name is not null))[1],
        min(f.committed_at) filter (where f.points = f.top)
      from (
        select b.board_no, e.player_id, e.seq, e.points, e.display_name, e.committed_at,
          ${pick}(e.points) over (partition by b.board_no, e.player_id) as top
        from ${source} e join ${boards} b on b.game_no = e.game_no
      ) f
      group by f.board_no, f.player_id, f.top`,
    score: sql`case when excluded.score ${better} s.score then excluded.score else s.score end`,
    seq: sql`excluded.seq`,
    moved: sql`excluded.score ${better} s.score`,
  };
}

/** The columns of a commit, each an array over its events or boards. */
export interface CommitColumns {
  readonly games: { readonly gameNo: number[]; readonly revision: number[] };
  readonly events: {
    readonly gameNo: number[];
    readonly playerId: string[];
    readonly actionId: string[];
    readonly points: number[];
    readonly action: (string | null)[];
    readonly displayName: (string | null)[];
    /** Epoch ms. */
    readonly occurredAt: (number | null)[];
    readonly sentBy: string[];
    readonly sentRole: string[];
    readonly address: string[];
  };
  readonly boards: ReadonlyMap<FoldKind, { readonly gameNo: number[]; readonly boardNo: number[] }>;
}

/** A row of a commit's result: a game that was locked, an event that was new, or a standing that changed. */
export type CommitRow =
  | { kind: "game"; no: number }
  | { kind: "event"; no: number; id: string; seq: number; at: number }
  | {
      kind: "standing";
      no: number;
      id: string;
      seq: number;
      at: number;
      score: number;
      version: number;
      previous_score: number | null;
      display_name: string | null;
    };

/**
 * One statement that commits a batch: locks the games whose settings are still
 * those that the events were checked against, inserts the events whose
 * `action_id` is new, and folds these into the standings of all boards.
 *
 * The statement's snapshot may be older than the lock it waited for; `on
 * conflict` works on the rows as they are, so that nothing here reads stale. An
 * earlier era no longer changes, and every snapshot since this one began has
 * all of it (see eras.ts).
 */
export function commitStatement(columns: CommitColumns): RawBuilder<CommitRow> {
  const { games, events, boards } = columns;
  const kinds = foldKinds.filter((kind) => boards.has(kind));
  const folds = kinds.map((kind) => {
    const of = boards.get(kind) ?? { gameNo: [], boardNo: [] };
    const list = sql`unnest(${of.gameNo}::int[], ${of.boardNo}::int[])`;
    const aliased = sql`(select * from ${list} as x(game_no, board_no))`;
    return sql`, ${sql.ref(kind)} as (${foldInto(kind, sql`inserted`, aliased)})`;
  });
  const changed = kinds.map(
    (kind) => sql`
    union all select 'standing', board_no, player_id, seq, ${epochMs(sql`updated_at`)},
      score, version, previous_score, display_name from ${sql.ref(kind)}`,
  );
  return sql<CommitRow>`
    with now_in as materialized (
      select era from ledger
    ), locked as materialized (
      select g.game_no from game g
      join unnest(${games.gameNo}::int[], ${games.revision}::int[]) as want(game_no, revision)
        on want.game_no = g.game_no
      where g.revision = want.revision
      order by g.game_no
      for no key update of g
    ), inserted as (
      insert into score_event (era, game_no, player_id, action_id, points, action, display_name,
        occurred_at, committed_at, sent_by, sent_role, address)
      select (select era from now_in), i.game_no, i.player_id, i.action_id, i.points, i.action, i.display_name,
        to_timestamp(i.occurred_at / 1000), clock_timestamp(), i.sent_by, i.sent_role, i.address
      from unnest(${events.gameNo}::int[], ${events.playerId}::text[], ${events.actionId}::text[],
        ${events.points}::bigint[], ${events.action}::text[], ${events.displayName}::text[],
        ${events.occurredAt}::float8[], ${events.sentBy}::text[], ${events.sentRole}::text[],
        ${events.address}::text[]) with ordinality
        as i(game_no, player_id, action_id, points, action, display_name, occurred_at,
          sent_by, sent_role, address, place)
      join locked l on l.game_no = i.game_no
      where not ((select era > 1 from now_in) and exists (${eventOfEarlierEra}))
      order by i.place
      on conflict (game_no, action_id, era) do nothing
      returning seq, game_no, player_id, action_id, points, display_name, committed_at
    )${join(folds)}
    select 'game' as kind, game_no as no, null as id, null::bigint as seq, null::float8 as at,
      null::bigint as score, null::bigint as version, null::bigint as previous_score,
      null as display_name from locked
    union all select 'event', game_no, action_id, seq, ${epochMs(sql`committed_at`)},
      null, null, null, null from inserted${join(changed)}`;
}

/**
 * An event of the era before, if there is one, with the `action_id` of `i`. The
 * offset keeps it what it is: a look into the index for each event, whatever
 * the planner takes the era's size for.
 */
const eventOfEarlierEra = sql`
  select from score_event e where e.era = (select era - 1 from now_in)
    and e.game_no = i.game_no and e.action_id = i.action_id offset 0`;

/** A timestamp column as whole epoch ms. */
export function epochMs(column: Fragment): Fragment {
  return sql`floor(extract(epoch from ${column}) * 1000)::float8`;
}

function join(fragments: readonly Fragment[]): Fragment {
  return sql.join([...fragments], sql``);
}
