import type { Standing } from "../model/standing.ts";

/** What a ranking holds of a player. */
export interface Held extends Omit<Standing, "score"> {
  /** Undefined: the player is nowhere in the order. */
  readonly score: number | undefined;
}

/** What a ranking should hold of a player; without a standing, nothing. */
export interface Expected {
  readonly playerId: string;
  readonly standing: Standing | undefined;
}

/** A place in the order that is not the one of its player's record. */
export interface StrayPlace {
  readonly playerId: string;
  readonly score: number;
  readonly seq: number;
}

/** The fields of `standing` that the ranking holds otherwise; `place` when it has none for the player. */
export function differingFields(standing: Standing, held: Held): string[] {
  const differing: string[] = [];
  if (held.score === undefined) differing.push("place");
  else if (held.score !== standing.score) differing.push("score");
  if (held.seq !== standing.seq) differing.push("seq");
  if (held.version !== standing.version) differing.push("version");
  // The ranking keeps whole ms.
  if (Math.floor(held.updatedAt) !== Math.floor(standing.updatedAt)) differing.push("updated_at");
  if ((held.displayName ?? "") !== (standing.displayName ?? "")) differing.push("display_name");
  return differing;
}
