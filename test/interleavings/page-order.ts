import { isScoreError } from "../../src/model/score-error.ts";
import type { RankedPage } from "../../src/ranking/ranking.ts";

/** One reader of a board, who never sees a state after a newer one, whether the ranking shows it or the ledger. */
export class PageOrder {
  readonly #complain: (what: string) => void;
  /** The newest version of each player that was seen. */
  readonly #seen = new Map<string, number>();
  #state = { epoch: 0, version: 0 };
  /** Ends with the last page that was asked for. */
  #reading: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(complain: (what: string) => void) {
    this.#complain = complain;
  }

  get isReading(): boolean {
    return this.#waiting > 0;
  }

  /** Asks for a page once the last one is there. */
  next(read: () => Promise<RankedPage>): void {
    this.#waiting += 1;
    this.#reading = this.#reading
      .then(read)
      .then((page) => this.#check(page))
      .catch((error) => {
        if (!isScoreError(error, "ledger_unavailable", "ranking_unavailable")) {
          this.#complain(`a page can't be read: ${error}`);
        }
      })
      .finally(() => {
        this.#waiting -= 1;
      });
  }

  #check({ epoch, version, standings }: RankedPage): void {
    for (const standing of standings) {
      const known = this.#seen.get(standing.playerId) ?? 0;
      if (standing.version < known) this.#complain(`${standing.playerId} went back from ${known}`);
      this.#seen.set(standing.playerId, standing.version);
    }
    if (epoch === 0) return;
    const last = this.#state;
    const isAfter = epoch > last.epoch || (epoch === last.epoch && version >= last.version);
    if (!isAfter) this.#complain(`${epoch}.${version} after ${last.epoch}.${last.version}`);
    this.#state = { epoch, version };
  }
}
