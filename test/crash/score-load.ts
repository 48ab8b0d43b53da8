import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { isUnavailable, type ScoreClient } from "./score-client.ts";

/** One event as it was sent. */
export interface SentEvent {
  readonly actionId: string;
  readonly playerId: string;
  readonly points: number;
}

/** Calls under way at once, and how many events each has. */
const callers = [...Array<number>(40).fill(1), 10, 10, 10, 30, 100, 200];
const players = 250;
/** Answers come together: without a delay, a kill that follows one always hits the same moment. */
const maxDelayMs = 30;

/** Events that were sent to one game and what came back, through every crash. */
export class ScoreLoad {
  readonly gameId: string;
  /** All that were ever sent. */
  readonly sent = new Map<string, SentEvent>();
  /** The `seq` that an event's acknowledgement named. */
  readonly acknowledged = new Map<string, number>();

  constructor(gameId: string) {
    this.gameId = gameId;
  }

  /** Those whose answer got lost. */
  get doubtful(): SentEvent[] {
    return [...this.sent.values()].filter(({ actionId }) => !this.acknowledged.has(actionId));
  }

  /**
   * Sends until the service is gone. `crash` is called at some moment of the
   * load, soon after so many more were acknowledged.
   */
  async runUntilCrash(
    client: ScoreClient,
    more: number,
    crash: () => Promise<void>,
  ): Promise<void> {
    const crashAt = this.acknowledged.size + more;
    let crashed: Promise<void> | undefined;
    const caller = async (size: number) => {
      for (;;) {
        try {
          if (size === 1) await this.#acknowledge(client, this.#newEvent());
          else await this.#sendMany(client, size);
        } catch (error) {
          if (!isUnavailable(error)) throw error;
          return;
        }
        if (this.acknowledged.size >= crashAt) {
          crashed ??= pause(Math.random() * maxDelayMs).then(crash);
        }
      }
    };
    await Promise.all(callers.map(caller));
    if (crashed === undefined) throw new Error("the service was gone before it was told to crash");
    await crashed;
  }

  /** Sends again what is doubtful, until nothing is. */
  async retryDoubtful(client: ScoreClient): Promise<void> {
    await Promise.all(this.doubtful.map((event) => this.#acknowledge(client, event)));
  }

  /** Sends events again that were acknowledged; resolves with the answers. */
  async retry(client: ScoreClient, actionIds: readonly string[]) {
    const events = actionIds.map((actionId) => this.sent.get(actionId) as SentEvent);
    return Promise.all(events.map((event) => this.#send(client, event)));
  }

  #newEvent(): SentEvent {
    const event = {
      actionId: randomUUID(),
      playerId: `player-${Math.floor(Math.random() * players)}`,
      // Few different points: many ties.
      points: Math.floor(Math.random() * 9) - 3,
    };
    this.sent.set(event.actionId, event);
    return event;
  }

  async #acknowledge(client: ScoreClient, event: SentEvent) {
    const response = await this.#send(client, event);
    this.acknowledged.set(event.actionId, Number(response.seq));
    return response;
  }

  #send(client: ScoreClient, event: SentEvent) {
    return client.call(ScoreService.method.updateScore, this.#message(event));
  }

  async #sendMany(client: ScoreClient, size: number): Promise<void> {
    const events = Array.from({ length: size }, () => this.#message(this.#newEvent()));
    const { results } = await client.call(ScoreService.method.updateScores, {
      gameId: this.gameId,
      events,
    });
    for (const { actionId, outcome } of results) {
      if (outcome.case === "accepted") this.acknowledged.set(actionId, Number(outcome.value.seq));
    }
  }

  #message({ actionId, playerId, points }: SentEvent) {
    const what = { case: "points" as const, value: BigInt(points) };
    return { gameId: this.gameId, actionId, playerId, what };
  }
}
