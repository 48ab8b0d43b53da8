/** Of a million players each holds 16,000. */
const parts = 64;

/**
 * A map by player id of which no part gets large. A `Map` that grows copies all
 * that it holds at once: for 100 ms at a million players, 200 at two million.
 */
export class PlayerMap<T> {
  readonly #parts: (Map<string, T> | undefined)[] = new Array(parts).fill(undefined);

  get(playerId: string): T | undefined {
    return this.#parts[partOf(playerId)]?.get(playerId);
  }

  set(playerId: string, value: T): void {
    const index = partOf(playerId);
    let part = this.#parts[index];
    if (part === undefined) {
      part = new Map();
      this.#parts[index] = part;
    }
    part.set(playerId, value);
  }
}

/** By all of the id: ids may differ at their beginning only, or at their end. */
function partOf(playerId: string): number {
  let hash = 0;
  for (let index = 0; index < playerId.length; index++) {
    hash = Math.imul(hash ^ playerId.charCodeAt(index), 0x01000193);
  }
  // The upper bits depend on every character.
  return (hash >>> 16) % parts;
}
