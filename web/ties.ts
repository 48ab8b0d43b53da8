/** Where a row stands in a run of equal scores; undefined: its score is its own. */
export type Tie = "first" | "middle" | "last" | undefined;

/** The tie of each of the neighbouring `scores`. */
export function tiesOf(scores: readonly bigint[]): Tie[] {
  return scores.map((score, index) => {
    const above = scores[index - 1] === score;
    const below = scores[index + 1] === score;
    if (above) return below ? "middle" : "last";
    return below ? "first" : undefined;
  });
}
