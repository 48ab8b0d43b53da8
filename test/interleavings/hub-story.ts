import assert from "node:assert/strict";
import fc from "fast-check";
import { ScoreError } from "../../src/model/score-error.ts";
import type { WatchedBoard } from "../../src/watch/board-feed.ts";
import type { Frame } from "../../src/watch/frame.ts";
import { WatchHub } from "../../src/watch/watch-hub.ts";
import { FakeBoard } from "../watch/fake-board.ts";
import { FaultPlan, plannedFaults } from "./fault-plan.ts";
import { players } from "./games.ts";
import { Lifetime } from "./lifetime.ts";
import { Schedule } from "./schedule.ts";
import { SimulatedTime } from "./simulated-time.ts";
import { step, stepsOf } from "./step.ts";
import { Watcher } from "./watcher.ts";
import { Wire } from "./wire.ts";

const times = { tickMs: 10, pollMs: 100, heartbeatMs: 250 };
const maxWatches = 5;

const board = fc.nat(1);
const happening = fc.oneof(
  {
    weight: 6,
    arbitrary: step("change", {
      board,
      player: fc.nat(players.length - 1),
      score: fc.nat(3),
      isNoticed: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: step("join", { board, limit: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 2, arbitrary: step("leave", { watcher: fc.nat() }) },
  step("reconnect", { watcher: fc.nat() }),
  step("stall", { watcher: fc.nat() }),
  step("read on", { watcher: fc.nat() }),
  step("unrank", { board, isUnranked: fc.boolean() }),
  step("rebuild", { board }),
  step("remove", { board }),
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

export const hubStories = fc.record({
  scheduler: fc.scheduler(),
  /** Otherwise no notice is lost, and none but notices makes the hub read. */
  isPolled: fc.boolean(),
  faults: plannedFaults(12),
  steps: stepsOf(happening, 30),
});
type Told = typeof hubStories extends fc.Arbitrary<infer T> ? T : never;

interface Watching {
  readonly board: FakeBoard;
  readonly limit: number;
  readonly shown: Frame | undefined;
}

/** A hub whose clients come, stall and leave while its boards change, fail and go. */
export class HubStory {
  readonly schedule: Schedule;
  readonly #time: SimulatedTime;
  readonly #life = new Lifetime();
  readonly #faults = new FaultPlan();
  readonly #wire: Wire;
  readonly #hub: WatchHub;
  readonly #told: Told;
  readonly #boards = [new FakeBoard(), new FakeBoard()];
  readonly #watched = new Map<Watcher, Watching>();
  readonly #complaints: string[] = [];

  constructor(told: Told) {
    const complain = (what: string) => void this.#complaints.push(what);
    this.#told = told;
    this.schedule = new Schedule(told.scheduler);
    this.#time = new SimulatedTime(this.schedule);
    const { now } = this.#time;
    const timers = this.#time.timersOf(this.#life);
    const reach = {
      schedule: this.schedule,
      faults: this.#faults,
      caller: this.#life,
      time: this.#time,
    };
    this.#wire = new Wire({ ...reach, limitMs: Number.POSITIVE_INFINITY });
    this.#hub = new WatchHub({
      times,
      maxWatches,
      maxWatchesPerCaller: 0,
      now,
      timers: told.isPolled ? timers : { ...timers, every: () => () => {} },
      onFrames: () => {},
      onError: (message, error) => complain(`${message}: ${error}`),
    });
  }

  async play(): Promise<void> {
    const { isPolled } = this.#told;
    if (isPolled) this.#faults.plan(this.#told.faults);
    for (const one of this.#told.steps) {
      this.#do(one);
      await this.schedule.run(one.turns);
      assert.deepEqual(this.#complaints, []);
      assert.ok(this.#hub.watches <= maxWatches, `${this.#hub.watches} watches`);
    }
    this.#faults.end();
    for (const one of this.#boards) {
      one.failure = undefined;
      one.isUnranked = false;
      if (!isPolled) one.notify();
    }
    for (const watcher of this.#watched.keys()) watcher.readOn();
    await this.schedule.runUntilQuiet(() => this.#unrest());
    await this.schedule.run(20);
    await this.schedule.runUntilQuiet(() => this.#unrest());
    assert.equal(this.#hub.watches, this.#watching.length);
    await this.#checkClose();
  }

  get #watching(): Watcher[] {
    return [...this.#watched.keys()].filter(({ state }) => state === "watching");
  }

  #do(one: Happening): void {
    const watcher =
      "watcher" in one ? this.#watching[one.watcher % this.#watching.length] : undefined;
    const board = "board" in one ? this.#boards[one.board] : undefined;
    if (board) {
      if (one.kind === "change") {
        board.change(players[one.player] ?? "", one.score);
        if (one.isNoticed || !this.#told.isPolled) board.notify();
      } else if (one.kind === "join") this.#join({ board, limit: one.limit, shown: undefined });
      else if (one.kind === "unrank") board.isUnranked = one.isUnranked;
      else if (one.kind === "rebuild") board.epoch += 1;
      else if (one.kind === "remove") board.failure = new ScoreError("unknown_board", "gone");
    } else if (watcher) {
      if (one.kind === "stall") watcher.isStalled = true;
      else if (one.kind === "read on") watcher.readOn();
      else watcher.leave();
      const watching = this.#watched.get(watcher);
      const { shown } = watcher;
      if (one.kind === "reconnect" && watching) this.#join({ ...watching, shown });
    }
  }

  #join(watching: Watching): void {
    const { board, limit, shown } = watching;
    const key = String(this.#boards.indexOf(board));
    const watcher = new Watcher({
      schedule: this.schedule,
      complain: (what) => this.#complaints.push(what),
      join: (sink, known) =>
        this.#hub.join({ key, board: this.#far(board), caller: undefined, limit, known, sink }),
      truth: () => board.page(limit),
      shown,
    });
    this.#watched.set(watcher, watching);
    void watcher.join();
  }

  /** The board over a wire. */
  #far(board: FakeBoard): WatchedBoard {
    return {
      top: async (limit) => {
        const page = await this.#wire
          .call("read", () => ({ failure: board.failure, page: board.page(limit) }))
          .catch((cause) => {
            throw new ScoreError("ledger_unavailable", "for a moment", { cause });
          });
        if (page.failure) throw page.failure;
        return page.page;
      },
      follow: (onChange) =>
        board.follow(() => {
          const fault = this.#faults.next("notice");
          if (fault === "lost" || fault === "refused") return;
          for (let copies = fault === "doubled" ? 2 : 1; copies > 0; copies -= 1) {
            void this.schedule.turn("notice").then(onChange);
          }
        }),
    };
  }

  #unrest(): string | undefined {
    assert.deepEqual(this.#complaints, []);
    if ([...this.#watched.keys()].some(({ state }) => state === "joining")) return "a join";
    return this.#watching.every(({ showsNewest }) => showsNewest) ? undefined : "an old state";
  }

  /** All clients are told, and nothing is left to happen. */
  async #checkClose(): Promise<void> {
    this.#hub.close();
    this.#hub.close();
    for (const { state } of this.#watched.keys()) assert.ok(state === "ended" || state === "left");
    assert.equal(this.#time.running(this.#life), 0, "timers are left running");
    for (const { followers } of this.#boards) assert.equal(followers.size, 0);
    assert.equal(this.#hub.watches, 0);
    await this.schedule.run(50);
    assert.ok(this.schedule.isOver, "nothing is left to happen");
    assert.deepEqual(this.#complaints, []);
  }
}
