import { setTimeout as pause } from "node:timers/promises";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import type { GrpcClient } from "../lanes/grpc-client.ts";
import { hangMs } from "./outcome.ts";

/** How long it waits between its calls, in ms. */
const pauseMs = 20;

/** A game server that minds its own business while others abuse the service. */
export class Neighbour {
  /** The `seq` of each of its events: all that it sent. */
  readonly acknowledged: number[] = [];
  /** Of its calls, in ms. */
  slowest = 0;
  readonly #client: GrpcClient;
  readonly #running: Promise<void>;
  #isLeaving = false;

  constructor(client: GrpcClient, gameId: string, token: string) {
    this.#client = client;
    this.#running = this.#run(gameId, token);
    this.#running.catch(() => {});
  }

  /** Rejects when a call of its failed. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    await this.#running.finally(() => this.#client.close());
  }

  async #run(gameId: string, token: string): Promise<void> {
    for (let n = 0; !this.#isLeaving; n += 1) {
      const event = { gameId, playerId: "neighbour", actionId: `neighbour-${n}` };
      const what = { case: "points" as const, value: 1n };
      const options = { token, timeoutMs: hangMs };
      const { updateScore } = ScoreService.method;
      const began = performance.now();
      const { seq } = await this.#client.call(updateScore, { ...event, what }, options);
      this.slowest = Math.max(this.slowest, performance.now() - began);
      this.acknowledged.push(Number(seq));
      await pause(pauseMs);
    }
  }
}
