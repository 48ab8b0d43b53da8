/** An event as the ledger's table holds it. */
export interface LedgerEvent {
  readonly actionId: string;
  readonly playerId: string;
  readonly points: number;
  readonly seq: number;
}

/** A player of a board as the ledger's table holds them. */
export interface LedgerStanding {
  readonly boardId: string;
  readonly playerId: string;
  readonly score: number;
  readonly seq: number;
}

/** The tables of a ledger, past the service. */
export interface LedgerTables {
  /** By seq. */
  events(gameId: string): Promise<readonly LedgerEvent[]>;
  standings(gameId: string): Promise<readonly LedgerStanding[]>;
}

/** Runs a query; whole numbers come as numbers. */
export type Query = (text: string, values: unknown[]) => Promise<{ rows: unknown[] }>;

/** Reads the tables by `query`. */
export function ledgerTables(query: Query): LedgerTables {
  const read = async <Row>(text: string, gameId: string) =>
    (await query(text, [gameId])).rows as Row[];
  return {
    events: (gameId) =>
      read(
        `select e.action_id as "actionId", e.player_id as "playerId", e.points, e.seq
        from score_event e join game g using (game_no) where g.game_id = $1 order by e.seq`,
        gameId,
      ),
    standings: (gameId) =>
      read(
        `select b.board_id as "boardId", s.player_id as "playerId", s.score, s.seq
        from standing s join board b using (board_no) join game g using (game_no)
        where g.game_id = $1`,
        gameId,
      ),
  };
}
