import type { Direction } from "../../src/model/game.ts";
import { compareStandings, type RankedStanding, type Standing } from "../../src/model/standing.ts";
import type { Placement } from "../../src/ranking/ranking.ts";

/** What a ranking should be, by sorting a list. */
export class PlainRanking {
  readonly #direction: Direction;
  readonly #standings = new Map<string, Standing>();
  changedAt: number | undefined;

  constructor(direction: Direction) {
    this.#direction = direction;
  }

  get totalPlayers(): number {
    return this.#standings.size;
  }

  get changes(): number {
    return [...this.#standings.values()].reduce((sum, { version }) => sum + version, 0);
  }

  /** Whether anything changed, and the places. */
  place(standings: readonly Standing[]): { isChanged: boolean; placements: Placement[] } {
    const before = standings.map(({ playerId }) => this.#rankOf(playerId));
    let isChanged = false;
    for (const standing of standings) {
      const known = this.#standings.get(standing.playerId);
      if (known && known.version >= standing.version) continue;
      this.#standings.set(standing.playerId, standing);
      this.changedAt = Math.max(this.changedAt ?? 0, standing.updatedAt);
      isChanged = true;
    }
    const placements = standings.map(({ playerId }, index) => ({
      rank: this.#rankOf(playerId) ?? 0,
      previousRank: before[index],
    }));
    return { isChanged, placements };
  }

  page(offset: number, limit: number): RankedStanding[] {
    return this.#sorted().slice(offset, offset + limit);
  }

  /** The window of at most `limit` in which the player has as many before as after, or one less, where the ends allow. */
  around(playerId: string, limit: number): RankedStanding[] | undefined {
    const rank = this.#rankOf(playerId);
    if (rank === undefined) return undefined;
    const before = Math.floor((limit - 1) / 2);
    const last = Math.min(this.totalPlayers, Math.max(rank - before, 1) + limit - 1);
    const first = Math.max(1, last - limit + 1);
    return this.#sorted().slice(first - 1, last);
  }

  #rankOf(playerId: string): number | undefined {
    return this.#sorted().find((standing) => standing.playerId === playerId)?.rank;
  }

  #sorted(): RankedStanding[] {
    return [...this.#standings.values()]
      .sort((a, b) => compareStandings(this.#direction, a, b))
      .map((standing, index) => ({ ...standing, rank: index + 1 }));
  }
}
