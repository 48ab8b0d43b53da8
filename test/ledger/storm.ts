import type { Ledger } from "../../src/ledger/ledger.ts";
import type { Game } from "../../src/model/game.ts";
import { eventOf } from "./sample-games.ts";

/** Which events a storm sends: two with the same `seed` send the same. */
export interface Storm {
  readonly games: readonly Game[];
  readonly events: number;
  readonly seed: number;
}

/** One acknowledgement, as a process can pass it on. */
export interface Acknowledged {
  readonly key: string;
  readonly seq: number;
  readonly duplicate: boolean;
}

/**
 * Submits many events of few players in several games, mixed, and waits for
 * all. Rejects when any of them does.
 */
export async function storm(
  ledger: Ledger,
  { games, events, seed }: Storm,
): Promise<Acknowledged[]> {
  const random = randomNumbers(seed);
  const sent = Array.from({ length: events }, async (_, n) => {
    const game = games[Math.floor(random() * games.length)] as Game;
    const playerId = `p${Math.floor(random() * 5)}`;
    const points = Math.floor(random() * 11) - 5;
    const event = eventOf(game, { playerId, points, actionId: `${seed}-${n}` });
    const { seq, duplicate } = await ledger.events.submit(event);
    return { key: `${game.gameNo}/${event.actionId}`, seq, duplicate };
  });
  return Promise.all(sent);
}

/** Numbers in [0, 1) that follow from `seed` (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
