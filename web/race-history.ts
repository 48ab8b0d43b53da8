/** Points over time as uPlot takes them: seconds since 1970, then one list of values a line. */
export type Points = [times: number[], ...lines: (number | null)[][]];

export interface Scored {
  readonly playerId: string;
  readonly score: bigint;
}

/** How much of the past is kept, in ms. */
export const keptMs = 5 * 60_000;
/** The shortest time between two points, in ms: 600 points at most. */
export const stepMs = 500;
/** Players kept at each point: more than are drawn, so that who rises brings a past along. */
const kept = 20;

interface Sample {
  readonly at: number;
  /** Undefined: the line was broken here. */
  readonly scores: ReadonlyMap<string, number> | undefined;
}

/** The scores of the best during the last five minutes. */
export class RaceHistory {
  /** By time; at most 5 minutes, at most one each half second, breaks aside. */
  #samples: Sample[] = [];

  /** Takes the top at `now` (epoch ms). True when it became a point. */
  add(top: readonly Scored[], now: number): boolean {
    const last = this.#samples.at(-1);
    if (last && now < last.at) this.#samples = [];
    else if (last?.scores && now - last.at < stepMs) return false;
    const scores = new Map(top.slice(0, kept).map((p) => [p.playerId, Number(p.score)]));
    this.#samples.push({ at: now, scores });
    const firstKept = this.#samples.findIndex(({ at }) => now - at <= keptMs);
    if (firstKept > 0) this.#samples.splice(0, firstKept);
    return true;
  }

  /** What follows is not joined to what was: nobody knows what happened between. */
  interrupt(): void {
    const last = this.#samples.at(-1);
    if (last?.scores) this.#samples.push({ at: last.at + 1, scores: undefined });
  }

  /** The lines of these players; null where one was not among the best. */
  points(playerIds: readonly string[]): Points {
    return [
      this.#samples.map(({ at }) => at / 1_000),
      ...playerIds.map((id) => this.#samples.map(({ scores }) => scores?.get(id) ?? null)),
    ];
  }
}
