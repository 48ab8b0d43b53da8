import type { Board, Game } from "../model/game.ts";
import type { ScoreEvent } from "../model/score-event.ts";
import { foldPoints, type Standing, type StandingChange } from "../model/standing.ts";
import type { CommitRow } from "./commit-statement.ts";
import type { BoardOutcome } from "./ledger.ts";
import { eventKey, standingKey } from "./look-up.ts";

/** What one commit's rows say, by event and by standing. */
export class CommittedRows {
  readonly #locked = new Set<number>();
  readonly #events = new Map<string, { seq: number; committedAt: number }>();
  readonly #boards: ReadonlyMap<number, Board>;
  readonly #standings = new Map<string, StandingChange>();
  /** The player's score before the next event that `outcomes` is asked for. */
  readonly #running = new Map<string, number | undefined>();

  constructor(rows: readonly CommitRow[], boards: ReadonlyMap<number, Board>) {
    this.#boards = boards;
    for (const row of rows) {
      if (row.kind === "game") this.#locked.add(row.no);
      else if (row.kind === "event") {
        this.#events.set(eventKey(row.no, row.id), { seq: row.seq, committedAt: row.at });
      } else {
        this.#running.set(standingKey(row.no, row.id), row.previous_score ?? undefined);
        this.#put(row.no, {
          playerId: row.id,
          score: row.score,
          seq: row.seq,
          version: row.version,
          updatedAt: row.at,
          displayName: row.display_name ?? undefined,
        });
      }
    }
  }

  isLocked(event: ScoreEvent): boolean {
    return this.#locked.has(event.game.gameNo);
  }

  seqOf(event: ScoreEvent) {
    return this.#events.get(eventKey(event.game.gameNo, event.actionId));
  }

  /** The standings that the answer to `event` needs and the commit did not change. */
  missing(event: ScoreEvent): { boardNo: number; playerId: string }[] {
    return readyBoards(event.game)
      .map(({ boardNo }) => ({ boardNo, playerId: event.playerId }))
      .filter(({ boardNo, playerId }) => !this.#standings.has(standingKey(boardNo, playerId)));
  }

  add(found: readonly { boardNo: number; standing: Standing }[]): void {
    for (const { boardNo, standing } of found) {
      this.#running.set(standingKey(boardNo, standing.playerId), standing.score);
      this.#put(boardNo, standing);
    }
  }

  changes(): StandingChange[] {
    return [...this.#standings.values()];
  }

  /** The step that a new event made; the events of a player are asked for in their order. */
  outcomes(event: ScoreEvent): BoardOutcome[] {
    return readyBoards(event.game).map((board) => {
      const key = standingKey(board.boardNo, event.playerId);
      const previousScore = this.#running.get(key);
      const score = foldPoints(board, previousScore, event.points);
      this.#running.set(key, score);
      return { board, score, previousScore };
    });
  }

  /** Where the player of a known event stands now. */
  current(event: ScoreEvent): BoardOutcome[] {
    return readyBoards(event.game).flatMap((board) => {
      const change = this.#standings.get(standingKey(board.boardNo, event.playerId));
      return change ? [{ board, score: change.standing.score, previousScore: undefined }] : [];
    });
  }

  #put(boardNo: number, standing: Standing): void {
    const board = this.#boards.get(boardNo);
    if (board) this.#standings.set(standingKey(boardNo, standing.playerId), { board, standing });
  }
}

function readyBoards(game: Game): readonly Board[] {
  return game.boards.filter((board) => board.state === "ready");
}
