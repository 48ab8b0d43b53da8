import type { Board } from "../../src/model/game.ts";

/** What the model needs of an event. */
export interface ModelEvent {
  readonly playerId: string;
  readonly points: number;
  readonly displayName?: string | undefined;
  readonly seq: number;
}

export interface ModelStanding {
  readonly playerId: string;
  readonly score: number;
  readonly seq: number;
  readonly displayName: string | undefined;
}

/** The rules of a board in plain words: one event after the other. */
export class BoardModel {
  readonly #board: Pick<Board, "aggregation" | "direction">;
  readonly #standings = new Map<string, ModelStanding>();

  constructor(board: Pick<Board, "aggregation" | "direction">, events: Iterable<ModelEvent> = []) {
    this.#board = board;
    for (const event of events) this.add(event);
  }

  /** The player's score before and after the event. */
  add(event: ModelEvent): { previousScore: number | undefined; score: number } {
    const { playerId, points, seq } = event;
    const known = this.#standings.get(playerId);
    const score = known === undefined ? points : this.#next(known.score, points);
    const isReachedNow = known === undefined || this.#isReachedAnew(known.score, points);
    this.#standings.set(playerId, {
      playerId,
      score,
      seq: isReachedNow ? seq : known.seq,
      displayName: event.displayName ?? known?.displayName,
    });
    return { previousScore: known?.score, score };
  }

  get(playerId: string): ModelStanding | undefined {
    return this.#standings.get(playerId);
  }

  /** The best first; of equal scores the one that was reached first. */
  ranked(): ModelStanding[] {
    const sign = this.#board.direction === "descending" ? -1 : 1;
    return [...this.#standings.values()].sort(
      (a, b) => sign * (a.score - b.score) || a.seq - b.seq,
    );
  }

  #next(score: number, points: number): number {
    if (this.#board.aggregation === "sum") return score + points;
    if (this.#board.aggregation === "latest") return points;
    return this.#board.direction === "descending"
      ? Math.max(score, points)
      : Math.min(score, points);
  }

  /** Zero points, a result that is no better, and the same result again reach nothing. */
  #isReachedAnew(score: number, points: number): boolean {
    return this.#next(score, points) !== score;
  }
}
