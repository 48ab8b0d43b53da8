import type { Storage } from "./storage.ts";

const key = "score.games";
const most = 12;

/** The games that were seen in this browser, the last one first; at most 12. */
export class RecentGames {
  readonly #storage: Storage;

  /** `storage` must not throw. */
  constructor(storage: Storage) {
    this.#storage = storage;
  }

  list(): readonly string[] {
    try {
      const games: unknown = JSON.parse(this.#storage.getItem(key) ?? "[]");
      if (!Array.isArray(games)) return [];
      return games.filter((game) => typeof game === "string").slice(0, most);
    } catch {
      return [];
    }
  }

  add(gameId: string): void {
    const games = [gameId, ...this.list().filter((game) => game !== gameId)].slice(0, most);
    this.#storage.setItem(key, JSON.stringify(games));
  }
}
