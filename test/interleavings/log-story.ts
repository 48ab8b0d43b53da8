import assert from "node:assert/strict";
import fc from "fast-check";
import type { CommittedBatch, Ledger, Receipt } from "../../src/ledger/ledger.ts";
import { eventKey } from "../../src/ledger/look-up.ts";
import type { Game } from "../../src/model/game.ts";
import { type ErrorCode, isScoreError } from "../../src/model/score-error.ts";
import type { ScoreEvent } from "../../src/model/score-event.ts";
import { FaultPlan, plannedFaults } from "./fault-plan.ts";
import { games, players } from "./games.ts";
import { Lifetime } from "./lifetime.ts";
import { ModelDatabase } from "./model-database.ts";
import { openModelLedger } from "./model-ledger.ts";
import { Schedule } from "./schedule.ts";
import { SimulatedTime } from "./simulated-time.ts";
import { step, stepsOf } from "./step.ts";
import { Wire } from "./wire.ts";

const limits = { queuedEvents: 3, batchEvents: 2, patienceMs: 60 };
const statementMs = 250;

const happening = fc.oneof(
  {
    weight: 12,
    arbitrary: step("submit", {
      log: fc.nat(1),
      game: fc.nat(games.length - 1),
      player: fc.nat(players.length - 1),
      /** Few, so that some come again, with the same content or another. */
      action: fc.nat(20),
      points: fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: 0, max: 2 }) },
        fc.constant(Number.MAX_SAFE_INTEGER),
      ),
      /** In ms. */
      patience: fc.option(fc.nat(20), { freq: 4 }),
      isStale: fc.boolean(),
    }),
  },
  step("change game", { game: fc.nat(games.length - 1) }),
  step("wait", { log: fc.nat(1) }),
  step("confuse", {}),
  step("close", { log: fc.nat(1) }),
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;
type Submit = Extract<Happening, { kind: "submit" }>;

export const logStories = fc.record({
  scheduler: fc.scheduler(),
  faults: plannedFaults(15),
  steps: stepsOf(happening, 35),
});
type Told = typeof logStories extends fc.Arbitrary<infer T> ? T : never;

/** Those that say that an event was never sent to the database. */
const unsent: readonly ErrorCode[] = ["ledger_busy", "deadline_exceeded", "shutting_down"];

/** One instance's event log, and what is known of it. */
class Log {
  readonly ledger: Ledger;
  readonly sent = new Set<ScoreEvent>();
  /** When events must have been sent, and as which they were submitted. */
  readonly submitted = new Map<ScoreEvent, { readonly deadline: number; readonly order: number }>();
  /** By player, the order of the last event that was sent. */
  readonly #lastSent = new Map<string, number>();
  /** What is being committed. */
  readonly underWay = new Set<readonly ScoreEvent[]>();
  readonly observed = new Set<CommittedBatch>();
  /** Games that a commit with an unknown outcome may have touched, and when that was told. */
  readonly doubts: { readonly gameNo: number; readonly at: number }[] = [];
  /** The last acknowledged seq of each player, in the order of submission. */
  readonly acknowledged = new Map<string, { order: number; seq: number }[]>();
  readonly #now: () => number;
  readonly #complain: (what: string) => void;

  constructor(
    now: () => number,
    complain: (what: string) => void,
    open: (onSend: (batch: readonly ScoreEvent[]) => () => void) => Ledger,
  ) {
    this.#now = now;
    this.#complain = complain;
    this.ledger = open((batch) => this.#onSend(batch));
    this.ledger.events.observe({
      onCommit: (batch) => this.observed.add(batch),
      onUnknown: (unknown) => {
        for (const { gameNo } of unknown) this.doubts.push({ gameNo, at: now() });
      },
    });
  }

  /** Not thrown: the log would take it for a failure of the database. */
  #hold(isTrue: boolean, what: string): void {
    if (!isTrue) this.#complain(what);
  }

  #checkFirst(event: ScoreEvent): void {
    const { deadline = 0, order = 0 } = this.submitted.get(event) ?? {};
    if (this.sent.has(event)) return;
    this.sent.add(event);
    this.#hold(this.#now() < deadline, "sent after its deadline");
    const player = playerOf(event);
    this.#hold((this.#lastSent.get(player) ?? 0) < order, `${player}'s events change places`);
    this.#lastSent.set(player, order);
  }

  #onSend(batch: readonly ScoreEvent[]): () => void {
    this.#hold(
      batch.length > 0 && batch.length <= limits.batchEvents,
      `${batch.length} in a batch`,
    );
    const keys = new Set(batch.map(({ game, actionId }) => eventKey(game.gameNo, actionId)));
    this.#hold(keys.size === batch.length, "an action twice in a batch");
    const playersOf = (events: readonly ScoreEvent[]) => new Set(events.map(playerOf));
    for (const other of this.underWay) {
      this.#hold(playersOf(other).isDisjointFrom(playersOf(batch)), "a player in two batches");
    }
    for (const event of batch) this.#checkFirst(event);
    this.underWay.add(batch);
    this.#hold(this.underWay.size <= 2, "more batches than two");
    return () => this.underWay.delete(batch);
  }
}

/** Two event logs on one database, driven against what a log promises. */
export class LogStory {
  readonly schedule: Schedule;
  readonly #time: SimulatedTime;
  readonly #life = new Lifetime();
  readonly #faults = new FaultPlan();
  readonly #database: ModelDatabase;
  readonly #logs: readonly Log[];
  readonly #steps: readonly Happening[];
  readonly #complaints: string[] = [];
  #waiting = 0;
  #submitted = 0;

  constructor({ scheduler, faults, steps }: Told) {
    this.#steps = steps;
    this.schedule = new Schedule(scheduler);
    this.#time = new SimulatedTime(this.schedule);
    const { now } = this.#time;
    this.#database = new ModelDatabase({ games, now, lostAfterMs: 1_000, onInsert: () => {} });
    this.#faults.plan(faults);
    const reach = {
      schedule: this.schedule,
      faults: this.#faults,
      caller: this.#life,
      time: this.#time,
    };
    this.#logs = ["one", "two"].map(
      (instanceId) =>
        new Log(
          now,
          (what) => this.#complaints.push(what),
          (onSend) =>
            openModelLedger({
              instanceId,
              database: this.#database,
              wire: new Wire({ ...reach, limitMs: statementMs }),
              limits,
              now,
              timers: this.#time.timersOf(this.#life),
              opened: () => this.schedule.turn("commit ends"),
              onSend,
            }),
        ),
    );
  }

  async play(): Promise<void> {
    for (const one of this.#steps) {
      this.#do(one);
      await this.schedule.run(one.turns);
      this.#check();
    }
    this.#faults.end();
    this.#database.confusions = 0;
    for (const log of this.#logs) this.#close(log);
    await this.schedule.runUntilQuiet(() => {
      this.#check();
      return this.#waiting > 0 ? `${this.#waiting} are not answered` : undefined;
    });
    await this.schedule.run(200);
    assert.ok(this.schedule.isOver, "nothing is left to happen");
    this.#check();
    this.#checkTold();
  }

  #check(): void {
    assert.deepEqual(this.#complaints, []);
    for (const { ledger } of this.#logs) assert.ok(ledger.queued <= limits.queuedEvents);
  }

  #do(one: Happening): void {
    const log = "log" in one ? this.#logs[one.log] : undefined;
    const game = "game" in one ? games[one.game] : undefined;
    if (one.kind === "confuse") this.#database.confusions += 1;
    else if (one.kind === "change game" && game) this.#database.changeGame(game.gameNo);
    else if (one.kind === "submit" && log && game) this.#submit(log, game, one);
    else if (one.kind === "wait" && log) this.#settle(log);
    else if (one.kind === "close" && log) this.#close(log);
  }

  #submit(log: Log, game: Game, { player, action, points, patience, isStale }: Submit): void {
    const current = this.#database.games.get(game.gameNo) ?? game;
    const event: ScoreEvent = {
      game: isStale ? game : current,
      playerId: players[player] ?? "",
      actionId: `action ${action}`,
      points,
      action: undefined,
      displayName: undefined,
      occurredAt: undefined,
      sender: { subject: "test", role: "server", address: "" },
    };
    this.#submitted += 1;
    const order = this.#submitted;
    const deadline = patience === null ? undefined : this.#time.now() + patience;
    log.submitted.set(event, { order, deadline: deadline ?? Number.POSITIVE_INFINITY });
    this.#expect(log.ledger.events.submit(event, deadline), {
      kept: (receipt) => this.#checkReceipt(log, event, receipt, order),
      refused: (error) => this.#checkRefusal(log, event, error),
    });
  }

  #checkReceipt(log: Log, event: ScoreEvent, receipt: Receipt, order: number): void {
    const stored = this.#database.events.get(eventKey(event.game.gameNo, event.actionId));
    const isStored =
      stored?.seq === receipt.seq &&
      stored.playerId === event.playerId &&
      stored.points === event.points;
    if (!isStored) this.#complaints.push(`${event.actionId} is acknowledged and not committed`);
    if (receipt.batch.changes.length > 0 && !log.observed.has(receipt.batch)) {
      this.#complaints.push(`${event.actionId} is acknowledged before its commit was observed`);
    }
    if (receipt.duplicate) return;
    const player = playerOf(event);
    const others = log.acknowledged.get(player) ?? [];
    if (others.some((other) => other.order < order !== other.seq < receipt.seq)) {
      this.#complaints.push(`${event.actionId} overtook another of ${player}`);
    }
    log.acknowledged.set(player, [...others, { order, seq: receipt.seq }]);
  }

  #checkRefusal(log: Log, event: ScoreEvent, error: unknown): void {
    const wasSent = log.sent.has(event);
    if (isScoreError(error, ...unsent)) {
      if (wasSent) this.#complaints.push(`${event.actionId} was sent, and ${error.code}`);
      return;
    }
    if (isScoreError(error, "action_id_reused", "game_changed", "score_out_of_range")) return;
    const isInternal = error instanceof Error && error.message === "internal error";
    if (!isInternal && !isScoreError(error, "ledger_unavailable")) {
      this.#complaints.push(`${event.actionId} is refused with ${error}`);
    }
  }

  /** Observers were told of each standing as it is now, or that its game must be looked at. */
  #checkTold(): void {
    const told = new Map<string, number>();
    for (const { changes } of this.#logs.flatMap(({ observed }) => [...observed])) {
      for (const { board, standing } of changes) {
        const key = `${board.boardNo}/${standing.playerId}`;
        told.set(key, Math.max(standing.version, told.get(key) ?? 0));
      }
    }
    const doubts = this.#logs.flatMap((log) => log.doubts);
    for (const { gameNo, boards } of games) {
      for (const { boardNo } of boards) {
        for (const { playerId, version, updatedAt } of this.#database.boards
          .get(boardNo)
          ?.ranked() ?? []) {
          const isDoubted = doubts.some(
            (doubt) => doubt.gameNo === gameNo && updatedAt <= doubt.at + statementMs,
          );
          const isTold = isDoubted || (told.get(`${boardNo}/${playerId}`) ?? 0) >= version;
          assert.ok(
            isTold,
            `nobody was told of ${playerId}'s version ${version} on board ${boardNo}`,
          );
        }
      }
    }
  }

  /** Who waits for what is under way waits for its end. */
  #settle(log: Log): void {
    const underWay = [...log.underWay];
    this.#expect(log.ledger.events.settled(), {
      kept: () => {
        if (underWay.some((batch) => log.underWay.has(batch))) {
          this.#complaints.push("settled, though a batch is under way");
        }
      },
    });
  }

  #close(log: Log): void {
    this.#expect(log.ledger.close(), {
      kept: () => {
        if (log.underWay.size > 0 || log.ledger.queued > 0) this.#complaints.push("closed early");
      },
    });
  }

  #expect<T>(
    promise: Promise<T>,
    on: { kept: (value: T) => void; refused?: (error: unknown) => void },
  ): void {
    const refused = on.refused ?? ((error) => this.#complaints.push(`refused: ${error}`));
    this.#waiting += 1;
    void promise.then(on.kept, refused).finally(() => {
      this.#waiting -= 1;
    });
  }
}

const playerOf = ({ game, playerId }: ScoreEvent) => `${game.gameNo}/${playerId}`;
