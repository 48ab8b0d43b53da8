/** Places won since a while ago (negative: lost), `new` to what is shown, or not known. */
export type Movement = number | "new" | undefined;

/** How far back movement looks, in ms. */
const lookBackMs = 60_000;
/** The time between two remembered orders: 60 of them cover the look back. */
const stepMs = 1_000;
/** Older than this, an order says nothing about a minute ago: the page slept. */
const forgetMs = 2 * lookBackMs;

interface Placed<Rank> {
  readonly playerId: string;
  readonly rank: Rank;
}

/**
 * Remembers who stood where during the last minute. Holds at most about 60
 * orders, one a second.
 */
export class RankMemory {
  /** By time; the first is what ranks are compared with. */
  readonly #orders: { readonly at: number; readonly ranks: ReadonlyMap<string, number> }[] = [];
  readonly #newcomer: Movement;

  /** `newcomer` is the movement of a player that was not shown then. */
  constructor(newcomer: "new" | undefined) {
    this.#newcomer = newcomer;
  }

  /** Takes the order at `now` (ms); cheap when the last one is younger than a second. */
  remember(placed: readonly Placed<number | bigint>[], now: number): void {
    const last = this.#orders.at(-1);
    if (last && now < last.at) this.#orders.length = 0;
    else if (last && now - last.at < stepMs) return;
    this.#orders.push({ at: now, ranks: new Map(placed.map((p) => [p.playerId, Number(p.rank)])) });
    while (this.#age(1, now) >= lookBackMs || this.#age(0, now) > forgetMs) this.#orders.shift();
  }

  movement({ playerId, rank }: Placed<number>): Movement {
    const then = this.#orders[0];
    if (then === undefined) return undefined;
    const before = then.ranks.get(playerId);
    return before === undefined ? this.#newcomer : before - rank;
  }

  #age(index: number, now: number): number {
    const order = this.#orders[index];
    return order ? now - order.at : Number.NEGATIVE_INFINITY;
  }
}
