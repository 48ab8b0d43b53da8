import { setTimeout as pause } from "node:timers/promises";
import type { Ports } from "../../lanes/clients.ts";
import type { Dice } from "../dice.ts";
import { isAcknowledged, type SentEvent } from "../judge/history.ts";
import type { Recorder } from "../judge/recorder.ts";
import type { Gate } from "./gate.ts";
import type { Outcome, Submitter } from "./submitter.ts";

/** Few, so that they meet in batches and ties, and enough that a board has more than its top. */
const players = 150;
/** Few different points: many ties. All gain, so that an older score can be told from a newer one. */
const mostPoints = 9;
/** Events of a known outcome that are sent once more, one in so many. */
const repeatedOneIn = 25;
const thinkMs = 20;
/** After a failure, before the next try, as long as the service asks for at most. */
const retryMs = { least: 30, most: 300 };

export interface GameServerOptions {
  readonly name: string;
  readonly instances: readonly Ports[];
  readonly open: (instance: Ports) => Submitter;
  /** Events submitted together. */
  readonly size: number;
  readonly recorder: Recorder;
  readonly dice: Dice;
  readonly gate: Gate;
  readonly signal: AbortSignal;
}

/**
 * Submits events without end, as a careful client does: what was not
 * acknowledged is sent again with the same action id, to the next instance.
 */
export class GameServer {
  readonly #options: GameServerOptions;
  #submitter: Submitter;
  #instance: number;
  #sent = 0;
  #lastKnown: SentEvent | undefined;

  constructor(options: GameServerOptions) {
    this.#options = options;
    this.#instance = options.dice.int(0, options.instances.length - 1);
    this.#submitter = this.#open();
    options.recorder.joined({ role: "client", name: options.name });
  }

  /** Resolves once the signal is given and nothing is under way. */
  async run(): Promise<void> {
    const { gate, signal, dice } = this.#options;
    while (!signal.aborted) {
      await gate.visit(async () => {
        if (!signal.aborted) await this.#submit(this.#newEvents());
      });
      await pause(dice.int(0, 2 * thinkMs), undefined, { signal }).catch(() => {});
    }
    this.#submitter.close();
  }

  async #submit(events: readonly SentEvent[]): Promise<void> {
    const { dice, signal } = this.#options;
    for (let left = events; left.length > 0; ) {
      const outcomes = await this.#attempt(left);
      const refused = left.filter((_, index) => !isAcknowledged(outcomes[index] as Outcome));
      this.#lastKnown = left.find((event) => !refused.includes(event)) ?? this.#lastKnown;
      left = refused;
      if (left.length === 0 || signal.aborted) return;
      this.#moveOn(outcomes.some((outcome) => "code" in outcome && outcome.reason === undefined));
      await pause(dice.int(retryMs.least, retryMs.most));
    }
  }

  async #attempt(events: readonly SentEvent[]): Promise<readonly Outcome[]> {
    const { name, recorder } = this.#options;
    const { isStreamed } = this.#submitter;
    const sentAt = performance.now();
    const outcomes = await this.#submitter.submit(events);
    const answeredAt = performance.now();
    for (const [index, event] of events.entries()) {
      const outcome = outcomes[index] as Outcome;
      recorder.attempted({ client: name, isStreamed, event, sentAt, answeredAt, outcome });
    }
    return outcomes;
  }

  /** A connection that lost an answer may be dead without knowing: a new one is opened. */
  #moveOn(isBroken: boolean): void {
    const { instances } = this.#options;
    if (instances.length === 1 && !isBroken) return;
    this.#submitter.close();
    this.#instance = (this.#instance + 1) % instances.length;
    this.#submitter = this.#open();
  }

  #open(): Submitter {
    return this.#options.open(this.#options.instances[this.#instance] as Ports);
  }

  #newEvents(): SentEvent[] {
    const { name, size, dice } = this.#options;
    if (this.#lastKnown && dice.oneIn(repeatedOneIn)) return [this.#lastKnown];
    return Array.from({ length: size }, () => {
      this.#sent += 1;
      const playerId = `player-${dice.int(1, players)}`;
      return { actionId: `${name}-${this.#sent}`, playerId, points: dice.int(1, mostPoints) };
    });
  }
}
