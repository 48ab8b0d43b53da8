import { Code, ConnectError } from "@connectrpc/connect";
import type { Entry, GetLeaderboardResponse } from "../gen/score/v1/score_pb.js";

/** The shortest time between two questions, in ms. */
const pauseMs = 1_000;
/** The time between two questions when the top does not change: those further down may move all the same. */
const quietPauseMs = 5_000;

export interface NeighboursOptions {
  /** Asks for the entries around the player. */
  readonly ask: (signal: AbortSignal) => Promise<GetLeaderboardResponse>;
  /** Called when an answer changed what is known. */
  readonly changed: () => void;
  /** Ends the questions. */
  readonly signal: AbortSignal;
}

/**
 * The entries around one player, asked for at most once a second and never
 * twice at the same time. A failed question leaves the last answer.
 */
export class Neighbours {
  readonly #options: NeighboursOptions;
  /** By rank; undefined before the first answer, empty when the player is not on the board. */
  entries: readonly Entry[] | undefined;
  #isAsking = false;
  #isOld = true;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(options: NeighboursOptions) {
    this.#options = options;
  }

  /** Says that it is `now` (ms), and whether the board changed; asks when it is time. */
  poke(now: number, hasChanged: boolean): void {
    this.#isOld ||= hasChanged;
    const pause = this.#isOld ? pauseMs : quietPauseMs;
    if (this.#isAsking || this.#options.signal.aborted) return;
    // A clock that was set back must not silence us.
    if (now >= this.#askedAt && now - this.#askedAt < pause) return;
    this.#askedAt = now;
    this.#isOld = false;
    this.#isAsking = true;
    this.#ask().finally(() => {
      this.#isAsking = false;
    });
  }

  async #ask(): Promise<void> {
    const { ask, changed, signal } = this.#options;
    try {
      const { entries } = await ask(signal);
      if (signal.aborted) return;
      this.entries = entries;
      changed();
    } catch (error) {
      if (signal.aborted) return;
      this.#isOld = true;
      if (ConnectError.from(error).code !== Code.NotFound) return;
      this.entries = [];
      changed();
    }
  }
}
