import type { Standing } from "../model/standing.ts";
import { differingFields, type Expected, type Held } from "./holdings.ts";

/** A player whose place in the ranking is not what the ledger says. */
export interface RankingDifference {
  readonly playerId: string;
  /** `surplus`: also a second place of a player, whose `version` is 0 then. */
  readonly kind: "missing" | "surplus" | "other";
  /** What differs, of the kind `other`. */
  readonly fields: readonly string[];
  readonly ledger: Standing | undefined;
  readonly ranking: Held | undefined;
}

/**
 * What is wrong with `held`, which was read before `after`, and so long after
 * the expected standing that a commit can't be on its way any more. A player
 * who changes all the time may be somewhere between the two, where nothing can
 * be said but that the ranking keeps up.
 */
export function differenceOf(
  { playerId, standing: before }: Expected,
  held: Held | undefined,
  after: Standing | undefined,
): RankingDifference | undefined {
  if (held === undefined) {
    if (before === undefined) return undefined;
    return { playerId, kind: "missing", fields: [], ledger: after, ranking: held };
  }
  if (after === undefined) {
    return { playerId, kind: "surplus", fields: [], ledger: after, ranking: held };
  }
  const same = [before, after].find((standing) => standing?.version === held.version);
  const isBetween = held.version > (before?.version ?? 0) && held.version < after.version;
  const isRight = same
    ? differingFields(same, held).length === 0
    : isBetween && held.score !== undefined;
  if (isRight) return undefined;
  const ledger = same ?? after;
  const fields = differingFields(ledger, held);
  return { playerId, kind: "other", fields, ledger, ranking: held };
}
