import type { Identity } from "../../src/access/identity.ts";
import { eventKey } from "../../src/ledger/look-up.ts";
import type { Game } from "../../src/model/game.ts";
import { isScoreError } from "../../src/model/score-error.ts";
import type { Call } from "../../src/service/rooms.ts";
import { type Accepted, updateScore } from "../../src/service/update-score.ts";
import type { Instance } from "./instance.ts";
import { Lifetime } from "./lifetime.ts";
import type { World } from "./world.ts";

export interface Score {
  readonly game: Game;
  readonly playerId: string;
  readonly points: number;
  /** Which of the open instances is asked first. */
  readonly instance: number;
  /** Asks once only, and leaves it open what became of it. */
  readonly givesUp?: boolean;
}

/** A reply, or that there will be none. */
type Outcome = { readonly score: Score; readonly reply: Accepted | undefined };

const identity: Identity = {
  subject: "test",
  role: "server",
  games: "*",
  expiresAt: Number.POSITIVE_INFINITY,
};

/** Sends scores, each again and again until it is acknowledged or refused for good, if it does not give up. */
export class ScoreClient {
  readonly #world: World;
  readonly #life = new Lifetime();
  /** By action id. */
  readonly outcomes = new Map<string, Outcome>();
  sent = 0;

  constructor(world: World) {
    this.#world = world;
  }

  get waiting(): number {
    return this.sent - this.outcomes.size;
  }

  /** Resolves with the reply; undefined when there will be none. */
  async send(score: Score): Promise<Accepted | undefined> {
    this.sent += 1;
    const actionId = `action-${this.sent}`;
    const timers = this.#world.time.timersOf(this.#life);
    for (let attempt = 0; ; attempt += 1) {
      const { open } = this.#world;
      const instance = open[(score.instance + attempt) % open.length];
      try {
        if (instance === undefined) throw new Error("no instance is open");
        const reply = await this.#ask(instance, score, actionId);
        this.#check(score, actionId, reply);
        this.outcomes.set(actionId, { score, reply });
        return reply;
      } catch (error) {
        if (isScoreError(error, "score_out_of_range") || score.givesUp) {
          this.outcomes.set(actionId, { score, reply: undefined });
          return undefined;
        }
        const isKnown = error === gone || instance === undefined || isScoreError(error);
        if (!isKnown) this.#world.complain("a score was refused", error);
      }
      await timers.sleep(10);
    }
  }

  #ask(instance: Instance, { game, playerId, points }: Score, actionId: string): Promise<Accepted> {
    const call: Call = {
      identity,
      verifyAgain: async () => {},
      address: "",
      deadline: undefined,
      signal: new AbortController().signal,
    };
    const reply = updateScore(instance.rooms, call, {
      gameId: game.gameId,
      playerId,
      actionId,
      points: BigInt(points),
      action: undefined,
      displayName: undefined,
      occurredAt: undefined,
    });
    const cut = instance.life.over.then(() => Promise.reject(gone));
    return Promise.race([reply, cut]);
  }

  #check({ game, playerId }: Score, actionId: string, reply: Accepted): void {
    const { database, server } = this.#world;
    const event = database.events.get(eventKey(game.gameNo, actionId));
    if (event?.seq !== reply.seq) this.#world.complain(`${actionId} was not committed`);
    for (const { boardId, rank, score, previousScore } of reply.standings) {
      const board = game.boards.find((one) => one.boardId === boardId);
      if (board === undefined || event === undefined) continue;
      if (rank !== undefined && !server.wasGiven(board.boardNo, playerId, rank)) {
        this.#world.complain(`${actionId}: nobody gave ${playerId} the rank ${rank}`);
      }
      if (reply.duplicate) continue;
      const made = database.boardOf(board).made(event.seq);
      // What changed nothing is looked up after the commit: another instance's may be there.
      if (made === undefined || made.score === made.previousScore) continue;
      if (made.score === score && made.previousScore === previousScore) continue;
      this.#world.complain(`${actionId} made ${JSON.stringify({ score, previousScore, made })}`);
    }
  }
}

const gone = new Error("the instance is gone");
