import type { ScoreEvent } from "../model/score-event.ts";
import type { Standing } from "../model/standing.ts";
import { commitColumns } from "./commit-columns.ts";
import { type CommitRow, commitStatement } from "./commit-statement.ts";
import type { Database } from "./database.ts";
import { type KnownEvent, lookUpEvents, lookUpStandings } from "./look-up.ts";

/**
 * What an event log asks of a database. Failures are sorted by
 * `databaseFailure`; a `commit` that failed may have happened all the same.
 */
export interface EventStatements {
  /** Commits those events whose game is as they say and whose `action_id` is new, all or none. */
  commit(events: readonly ScoreEvent[]): Promise<readonly CommitRow[]>;
  /** The events that are known by their `action_id`, by `eventKey`. */
  lookUpEvents(events: readonly ScoreEvent[]): Promise<ReadonlyMap<string, KnownEvent>>;
  /** The standings of some players as they are now. */
  lookUpStandings(
    keys: readonly { boardNo: number; playerId: string }[],
  ): Promise<readonly { boardNo: number; standing: Standing }[]>;
}

/** The statements over SQL. */
export function sqlEventStatements(db: Database): EventStatements {
  return {
    commit: async (events) => (await commitStatement(commitColumns(events)).execute(db)).rows,
    lookUpEvents: (events) => lookUpEvents(db, events),
    lookUpStandings: (keys) => lookUpStandings(db, keys),
  };
}
