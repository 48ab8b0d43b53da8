/**
 * Gives each of a few players a slot (a colour, say) that stays the same for
 * as long as the player is among them.
 */
export class Slots {
  readonly #holders: (string | undefined)[];

  constructor(count: number) {
    this.#holders = Array(count).fill(undefined);
  }

  /** Who holds each slot now that `playerIds` are the few; no more of them than there are slots. */
  assign(playerIds: readonly string[]): readonly (string | undefined)[] {
    const present = new Set(playerIds);
    for (const [slot, holder] of this.#holders.entries()) {
      if (holder !== undefined && !present.delete(holder)) this.#holders[slot] = undefined;
    }
    for (const newcomer of present) {
      const free = this.#holders.indexOf(undefined);
      if (free >= 0) this.#holders[free] = newcomer;
    }
    return [...this.#holders];
  }
}
