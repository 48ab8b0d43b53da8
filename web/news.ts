import type { Row } from "./rows.ts";

/** One sentence for those who don't see the board. */
export interface Headline {
  readonly leader: string;
  readonly score: bigint;
  /** How many of the first ten are not where they were at the last headline. */
  readonly moved: number;
}

/** The shortest time between two headlines, in ms. */
const pauseMs = 5_000;
/** The same when only scores changed and nobody moved. */
const quietPauseMs = 30_000;
const watched = 10;

/** Decides when there is something worth saying aloud: at most one headline each 5 s. */
export class News {
  #saidAt = Number.NEGATIVE_INFINITY;
  #order: readonly string[] = [];
  #score: bigint | undefined;

  /** The headline at `now` (ms), or undefined when it is too early or nothing happened. */
  of(rows: readonly Row[], now: number): Headline | undefined {
    const top = rows.slice(0, watched);
    const leader = top[0];
    const since = now - this.#saidAt;
    if (leader === undefined || since < pauseMs) return undefined;
    const isFirst = this.#score === undefined;
    const moved = isFirst ? 0 : top.filter((row, i) => this.#order[i] !== row.playerId).length;
    if (!isFirst && moved === 0 && (leader.score === this.#score || since < quietPauseMs)) {
      return undefined;
    }
    this.#saidAt = now;
    this.#order = top.map(({ playerId }) => playerId);
    this.#score = leader.score;
    return { leader: leader.name, score: leader.score, moved };
  }
}
