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
  /** The most that this thread worked while an update was under way: what others took of the machine does not count. */
  readonly mostWorkInUpdate: number;
  /** Updates that were answered without a rank. */
  readonly unranked: number;
  /** Between two frames of a watch, each of which shows a change. */
  readonly longestSilence: number;
}

/** On a service in this process: updates all the time, every other one of the top, and who watches that. */
export class SteadyLoad {
  readonly #caller: Caller;
  readonly #gameId: string;
  readonly #players: number;
  readonly #over = new AbortController();
  readonly #running: Promise<unknown>;
  #took: number[] = [];
  /** When each update that is under way began. */
  readonly #began = new Set<number>();
  #worked: number[] = [];
  #unranked = 0;
  #silences: number[] = [];
  #frameAt = performance.now();

  constructor(caller: Caller, gameId: string, players: number) {
    this.#caller = caller;
    this.#gameId = gameId;
    this.#players = players;
    this.#running = Promise.all([
      this.#update(() => 1 + Math.floor(Math.random() * this.#players)),
      this.#update(() => 999),
      this.#watch(),
    ]);
  }

  /** Resolves when the code that it runs is warm. */
  async warm(): Promise<void> {
    while (this.#took.length < 200) await pause(20);
  }

  /** What was felt while `work` ran. */
  async during<T>(work: () => Promise<T>): Promise<{ result: T; felt: Felt }> {
    this.#took = [];
    this.#worked = [];
    this.#silences = [];
    this.#unranked = 0;
    this.#frameAt = performance.now();
    const result = await work();
    const now = performance.now();
    const sorted = this.#took.toSorted((a, b) => a - b);
    const underWay = [...this.#began].map((began) => now - began);
    const felt = {
      updates: sorted.length,
      medianUpdate: sorted[sorted.length >> 1] ?? Number.NaN,
      longestUpdate: Math.max(...sorted, ...underWay),
      mostWorkInUpdate: Math.max(...this.#worked),
      unranked: this.#unranked,
      longestSilence: Math.max(...this.#silences, now - this.#frameAt),
    };
    return { result, felt };
  }

  /** Rejects when any call failed. */
  async end(): Promise<void> {
    this.#over.abort();
    await this.#running;
  }

  /** One after the other: on a busy machine nothing piles up. */
  async #update(choose: () => number): Promise<void> {
    while (!this.#over.signal.aborted) {
      await this.#updateOne(choose());
      await pause(5);
    }
  }

  async #updateOne(chosen: number): Promise<void> {
    const began = performance.now();
    this.#began.add(began);
    const used = process.threadCpuUsage();
    const { standings } = await submit(this.#caller, {
      gameId: this.#gameId,
      playerId: playerId(chosen),
    });
    const { user, system } = process.threadCpuUsage(used);
    this.#began.delete(began);
    this.#took.push(performance.now() - began);
    this.#worked.push((user + system) / 1_000);
    if (!standings[0]?.rank) this.#unranked += 1;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#over;
    const request = { gameId: this.#gameId, limit: 10 };
    try {
      for await (const frame of this.#caller.client.watch(watchLeaderboard, request, { signal })) {
        const now = performance.now();
        if (frame.heartbeat) continue;
        this.#silences.push(now - this.#frameAt);
        this.#frameAt = now;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
