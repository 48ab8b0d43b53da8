import { setTimeout as pause } from "node:timers/promises";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { type Caller, submit } from "../lanes/games.ts";
import { playerId } from "./big-board.ts";

const { watchLeaderboard } = ScoreService.method;

/** What those who use a board saw of it, in ms. */
export interface Felt {
  readonly updates: number;
  readonly medianUpdate: number;
  readonly longestUpdate: number;
  /** Updates that were answered without a rank. */
  readonly unranked: number;
  /** Between two frames of a watch, each of which shows a change. */
  readonly longestSilence: number;
}

/** Updates at a steady pace, and a watcher of the top, which changes with every other one. */
export class SteadyLoad {
  readonly #caller: Caller;
  readonly #gameId: string;
  readonly #players: number;
  readonly #over = new AbortController();
  readonly #running: Promise<unknown>;
  #took: number[] = [];
  #unranked = 0;
  #silences: number[] = [];
  #frameAt: number | undefined;

  constructor(caller: Caller, gameId: string, players: number) {
    this.#caller = caller;
    this.#gameId = gameId;
    this.#players = players;
    this.#running = Promise.all([this.#update(), this.#watch()]);
  }

  /** What was felt while `work` ran. */
  async during<T>(work: () => Promise<T>): Promise<{ result: T; felt: Felt }> {
    this.#took = [];
    this.#silences = [];
    this.#unranked = 0;
    this.#frameAt = undefined;
    const result = await work();
    const sorted = this.#took.toSorted((a, b) => a - b);
    const felt = {
      updates: sorted.length,
      medianUpdate: sorted[sorted.length >> 1] ?? Number.NaN,
      longestUpdate: sorted.at(-1) ?? Number.NaN,
      unranked: this.#unranked,
      longestSilence: Math.max(...this.#silences),
    };
    return { result, felt };
  }

  /** Rejects when any update failed. */
  async end(): Promise<void> {
    this.#over.abort();
    await this.#running;
  }

  async #update(): Promise<void> {
    const under: Promise<void>[] = [];
    for (let sent = 0; !this.#over.signal.aborted; sent += 1) {
      under.push(this.#updateOne(sent));
      await pause(5);
    }
    await Promise.all(under);
  }

  async #updateOne(sent: number): Promise<void> {
    const chosen = sent % 2 === 0 ? 999 : 1 + Math.floor(Math.random() * this.#players);
    const began = performance.now();
    const { standings } = await submit(this.#caller, {
      gameId: this.#gameId,
      playerId: playerId(chosen),
    });
    this.#took.push(performance.now() - began);
    if (!standings[0]?.rank) this.#unranked += 1;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#over;
    const request = { gameId: this.#gameId, limit: 10 };
    try {
      for await (const frame of this.#caller.client.watch(watchLeaderboard, request, { signal })) {
        const now = performance.now();
        if (frame.heartbeat) continue;
        if (this.#frameAt !== undefined) this.#silences.push(now - this.#frameAt);
        this.#frameAt = now;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
