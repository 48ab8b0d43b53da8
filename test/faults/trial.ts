import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { BoardModel } from "../ledger/board-model.ts";
import type { Dice } from "./dice.ts";
import type { Fault } from "./fault.ts";
import { firstDifference } from "./judge/exact-order.ts";
import type { Complaint, Healing, History, RankedBoard, Violation } from "./judge/history.ts";
import { judge } from "./judge/judge.ts";
import { Recorder } from "./judge/recorder.ts";
import { soonMs } from "./judge/well-again.ts";
import { boards, Load } from "./load/load.ts";
import type { Stage } from "./stage.ts";

/** A hundred starts of an embedded service take three minutes, on a busy machine ten. */
const longestStrikeMs = 1_200_000;

/** Load before and after each fault. */
const betweenMs = 300;

/** What a trial found. */
export interface Verdict {
  readonly violations: readonly Violation[];
  readonly healings: readonly Healing[];
  readonly acknowledged: number;
  readonly refused: number;
  readonly states: number;
  /** What the judge decided from. */
  readonly history: History;
}

interface TrialOptions<S extends Stage> {
  readonly stage: S;
  readonly dice: Dice;
  readonly onProgress: (fault: string) => void;
}

/** A stage under load on which things go wrong, and the judgement on what came of it. */
export class Trial<S extends Stage> {
  readonly #options: TrialOptions<S>;
  readonly #gameId = `game-${randomUUID()}`;
  readonly #recorder = new Recorder();
  readonly #healings: Healing[] = [];
  /**
   * As they were last read, all at one time. A moment later one may be away
   * again: what a lost answer was about is looked for twice.
   */
  #rankings: readonly RankedBoard[] = [];
  #load: Load | undefined;

  private constructor(options: TrialOptions<S>) {
    this.#options = options;
  }

  /** Resolves when the load is on and all is well. */
  static async start<S extends Stage>(options: TrialOptions<S>): Promise<Trial<S>> {
    const trial = new Trial(options);
    const { stage, dice } = options;
    trial.#load = await Load.start({
      gameId: trial.#gameId,
      instances: stage.doors,
      recorder: trial.#recorder,
      dice: dice.fork(),
    });
    await trial.#settle("the start");
    trial.#load.resume();
    return trial;
  }

  /** One fault after the other, in random order, each until all is well again. */
  async alone(faults: readonly Fault<S>[]): Promise<void> {
    for (const fault of this.#options.dice.shuffled(faults)) {
      await pause(betweenMs);
      await this.#during([fault], () => this.#strike(fault, this.#options.dice, true));
    }
  }

  /** Faults of different targets at the same time, at random, for `ms`. */
  async mixed(faults: readonly Fault<S>[], ms: number): Promise<void> {
    const end = performance.now() + ms;
    const trouble = async (ofTarget: readonly Fault<S>[], dice: Dice) => {
      while (performance.now() < end) {
        await pause(dice.int(0, 1_500));
        await this.#strike(dice.pick(ofTarget), dice, false);
      }
    };
    const targets = [...Map.groupBy(faults, ({ target }) => target).values()];
    const { dice } = this.#options;
    await this.#during(faults, () =>
      Promise.all(targets.map((ofTarget) => trouble(ofTarget, dice.fork()))),
    );
  }

  /** Ends the load when the trial can't go on. */
  abandon(): void {
    this.#load?.abandon();
  }

  /** Ends the load and judges. */
  async end(): Promise<Verdict> {
    const { stage, onProgress } = this.#options;
    onProgress("the judge");
    await this.#settle("the end");
    await this.#load?.end();
    const complaints = await this.#complaints();
    const history: History = {
      boards,
      ...this.#recorder.noted,
      ...(await stage.ledger(this.#gameId)),
      rankings: this.#rankings,
      healings: this.#healings,
      complaints,
    };
    const answered = history.attempts.filter(({ outcome }) => "seq" in outcome).length;
    return {
      violations: judge(history),
      healings: this.#healings,
      acknowledged: answered,
      refused: history.attempts.length - answered,
      states: history.states.length,
      history,
    };
  }

  /** Notes what the faults excuse from now until all is well again after `work`. */
  async #during(faults: readonly Fault<S>[], work: () => Promise<unknown>): Promise<void> {
    const from = performance.now();
    await work();
    await pause(betweenMs);
    await this.#settle(faults.length === 1 ? (faults[0]?.name ?? "") : "all at random");
    const until = performance.now();
    for (const { name, tolerates } of faults) {
      const isMixed = faults.length > 1;
      this.#recorder.failed({ fault: name, tolerates, isMixed, from, until });
    }
    this.#load?.resume();
  }

  async #strike(fault: Fault<S>, dice: Dice, isAlone: boolean): Promise<void> {
    this.#options.onProgress(fault.name);
    const over = new AbortController();
    const late = pause(longestStrikeMs, undefined, { signal: over.signal }).then(
      () => Promise.reject(new Error(`it took longer than ${longestStrikeMs} ms`)),
      () => {},
    );
    try {
      await Promise.race([fault.strike(this.#options.stage, dice, isAlone), late]);
    } catch (cause) {
      throw new Error(`could not make or undo "${fault.name}"`, { cause });
    } finally {
      over.abort();
    }
  }

  /** Pauses the load and resolves when everything is as it should be; notes when that took too long. */
  async #settle(after: string): Promise<void> {
    const from = performance.now();
    // What is never accepted is found at the end.
    await Promise.race([this.#load?.pause(), pause(soonMs, undefined, { ref: false })]);
    const expected = this.#expectedOrders();
    for (;;) {
      const wrong = await this.#difference(expected).catch((error: unknown) => String(error));
      const ms = performance.now() - from;
      if (wrong === undefined || ms > soonMs) {
        this.#healings.push({ fault: after, ms, wrong });
        return;
      }
      await pause(20);
    }
  }

  /** Each board as its acknowledged events make it. */
  #expectedOrders(): ReadonlyMap<string, readonly string[]> {
    const { acknowledged } = this.#recorder;
    return new Map(
      boards.map((board) => [
        board.boardId,
        new BoardModel(board, acknowledged).ranked().map(lineOf),
      ]),
    );
  }

  /** Whose order is another one, in words. */
  async #difference(expected: ReadonlyMap<string, readonly string[]>): Promise<string | undefined> {
    const { stage } = this.#options;
    const read = await Promise.all(boards.map((board) => stage.rankings(this.#gameId, board)));
    this.#rankings = read.flat();
    for (const { source, boardId, entries } of this.#rankings) {
      const wrong = firstDifference(expected.get(boardId) ?? [], entries.map(lineOf));
      if (wrong) return `${boardId} in ${source} differs: ${wrong}`;
    }
    for (const { boardId } of boards) {
      const order = expected.get(boardId) ?? [];
      for (const { watcher, limit, entries, totalPlayers } of this.#recorder.shown(boardId)) {
        const wrong = firstDifference(order.slice(0, limit), entries.map(lineOf));
        if (wrong) return `${watcher} of ${boardId} sees something else: ${wrong}`;
        if (totalPlayers !== order.length) {
          return `${watcher} of ${boardId} sees ${totalPlayers} players instead of ${order.length}`;
        }
      }
    }
    return undefined;
  }

  /** A failure is logged with its level or, when nobody caught it, with where it was thrown. */
  async #complaints(): Promise<readonly Complaint[]> {
    const logs = this.#options.stage.services.map(async ({ name: source, service }) => {
      const lines = (await service.logs()).split("\n");
      return [
        ...lines.filter((line) => /"level":[56]0|^ {4}at /.test(line)),
        ...service.deaths.map((log) => `it ended by itself: ${log}`),
      ].map((what) => ({ source, what }));
    });
    return (await Promise.all(logs)).flat();
  }
}

function lineOf({
  playerId,
  score,
}: {
  readonly playerId: string;
  readonly score: number;
}): string {
  return `${playerId} ${score}`;
}
