import { setTimeout as pause } from "node:timers/promises";
import { Latencies } from "../../bench/latencies.ts";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { type Caller, submit } from "../lanes/games.ts";
import type { GrpcClient } from "../lanes/grpc-client.ts";
import { newId } from "../lanes/lane-suite.ts";

/** Of each kind of call. */
const callsPerSecond = 25;

/** In ms. */
export interface Figures {
  readonly callP50: number;
  readonly callP90: number;
  /** From sending a score until it is shown on a watch. */
  readonly watchP50: number;
  readonly watchP90: number;
}

/** Where a good client plays: by which port its client knows. */
export interface Playground {
  readonly gameId: string;
  readonly caller: Caller & { readonly client: GrpcClient };
}

/**
 * A good client: scores go in and standings come out at a steady rate, whatever
 * the answers take, and a watch is open; through the port that is attacked.
 */
export class Bystander {
  readonly #scene: Playground;
  readonly #playerId = newId("bystander");
  readonly #left = new AbortController();
  /** When each score that is not yet on the watch was sent. */
  readonly #sentAt = new Map<number, number>();
  /** Scores that were sent: each counts one point. */
  #sent = 0;
  #calls = new Latencies();
  #frames = new Latencies();
  readonly #watching: Promise<void>;

  private constructor(scene: Playground) {
    this.#scene = scene;
    this.#watching = this.#watch();
    this.#watching.catch(() => {});
  }

  /** Resolves when the watch shows a score. */
  static async join(scene: Playground): Promise<Bystander> {
    const bystander = new Bystander(scene);
    await bystander.#score();
    while (bystander.#sentAt.size > 0) {
      await Promise.race([pause(5), bystander.#watching]);
    }
    return bystander;
  }

  /** Rejects when a call fails or the watch ends. */
  async measure(ms: number): Promise<Figures> {
    this.#calls = new Latencies();
    this.#frames = new Latencies();
    const began = performance.now();
    const calls: Promise<void>[] = [];
    for (let turn = 1; performance.now() - began < ms; turn++) {
      calls.push(
        this.#timed(() => this.#score()),
        this.#timed(() => this.#standing()),
      );
      const dueAt = began + (turn * 1_000) / callsPerSecond;
      await Promise.race([pause(Math.max(0, dueAt - performance.now())), this.#watching]);
    }
    await Promise.all(calls);
    while (this.#sentAt.size > 0) await Promise.race([pause(5), this.#watching]);
    const [callP50, callP90] = this.#calls.percentiles(0.5, 0.9);
    const [watchP50, watchP90] = this.#frames.percentiles(0.5, 0.9);
    return { callP50, callP90, watchP50, watchP90 };
  }

  async leave(): Promise<void> {
    this.#left.abort();
    await this.#watching.catch(() => {});
  }

  async #timed(call: () => Promise<unknown>): Promise<void> {
    const began = performance.now();
    await call();
    this.#calls.add(performance.now() - began);
  }

  async #score(): Promise<void> {
    const { caller, gameId } = this.#scene;
    this.#sent += 1;
    this.#sentAt.set(this.#sent, performance.now());
    await submit(caller, { gameId, playerId: this.#playerId });
  }

  async #standing(): Promise<void> {
    const { caller, gameId } = this.#scene;
    const { getStanding } = ScoreService.method;
    await caller.client.call(getStanding, { gameId, playerId: this.#playerId }, caller.server);
  }

  async #watch(): Promise<void> {
    const { caller, gameId } = this.#scene;
    const { signal } = this.#left;
    const { watchLeaderboard } = ScoreService.method;
    const options = { ...caller.server, signal };
    for await (const frame of caller.client.watch(
      watchLeaderboard,
      { gameId, limit: 100 },
      options,
    )) {
      const shown = frame.entries.find(({ playerId }) => playerId === this.#playerId)?.score ?? 0n;
      for (const [score, sentAt] of this.#sentAt) {
        if (score > shown) continue;
        this.#sentAt.delete(score);
        this.#frames.add(performance.now() - sentAt);
      }
    }
    throw new Error("the good client's watch ended");
  }
}
