import assert from "node:assert/strict";
import fc from "fast-check";
import type { RankedStanding } from "../../src/model/standing.ts";
import type { Accepted } from "../../src/service/update-score.ts";
import { watchLeaderboard } from "../../src/service/watch-leaderboard.ts";
import type { Frame } from "../../src/watch/frame.ts";
import { type Fault, plannedFaults } from "./fault-plan.ts";
import { games, players } from "./games.ts";
import type { Instance } from "./instance.ts";
import { ScoreClient } from "./score-client.ts";
import { step, stepsOf } from "./step.ts";
import { Watcher } from "./watcher.ts";
import { World } from "./world.ts";

/** Points that no sum can take twice. */
const tooMany = Number.MAX_SAFE_INTEGER;

const score = step("score", {
  game: fc.nat(games.length - 1),
  player: fc.nat(players.length - 1),
  points: fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: -1, max: 3 }) },
    fc.constant(tooMany),
  ),
  instance: fc.nat(1),
  givesUp: fc.boolean(),
});
const watch = step("watch", {
  board: fc.nat(2),
  limit: fc.integer({ min: 1, max: 5 }),
  instance: fc.nat(1),
});
const restart = step("restart", { instance: fc.nat(1) });

const happening = fc.oneof(
  { weight: 8, arbitrary: score },
  { weight: 2, arbitrary: watch },
  step("leave", { watcher: fc.nat() }),
  step("reconnect", { watcher: fc.nat(), instance: fc.nat(1) }),
  step("stall", { watcher: fc.nat() }),
  step("change game", { game: fc.nat(games.length - 1) }),
  step("outage", {
    outage: fc.constantFrom<Fault | undefined>("refused", "lost", "late", undefined),
  }),
  step("empty the ranking", {}),
  step("kill", { instance: fc.nat(1) }),
  restart,
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

export const stories = fc.record({
  scheduler: fc.scheduler(),
  faults: plannedFaults(25),
  steps: stepsOf(happening, 25),
});

const watches = (count: number) => fc.array(watch, { minLength: count, maxLength: count });

/** Instances that are told to stop while the outcome of a commit is in doubt. */
export const doubtfulEnds: typeof stories = fc.record({
  scheduler: fc.scheduler(),
  faults: fc.constant([]),
  steps: fc
    .tuple(
      watches(20),
      step("outage", { outage: fc.constantFrom<Fault>("lost", "late") }),
      fc.array(score, { minLength: 1, maxLength: 3 }),
      restart,
      watches(15),
    )
    .map((steps): Happening[] => steps.flat()),
});
type Told = typeof stories extends fc.Arbitrary<infer T> ? T : never;

interface Watching {
  /** Which of the world's. */
  readonly board: number;
  readonly limit: number;
  readonly instance: Instance;
  readonly shown?: Frame | undefined;
}

/** Everything that happens to a world, and what must be true of it when all faults are over. */
export class Story {
  readonly world: World;
  readonly #client: ScoreClient;
  readonly #steps: readonly Happening[];
  /** Those whose instance was not killed. */
  readonly #watched = new Map<Watcher, Watching>();

  constructor({ scheduler, faults, steps }: Told) {
    this.world = new World({ scheduler, games });
    this.world.faults.plan(faults);
    this.#client = new ScoreClient(this.world);
    this.#steps = steps;
  }

  async play(): Promise<void> {
    const { world } = this;
    const { schedule } = world;
    void world.start();
    void world.start();
    for (const one of this.#steps) {
      this.#do(one);
      await schedule.run(one.turns);
      assert.deepEqual(world.complaints, []);
    }
    world.endFaults();
    for (const watcher of this.#watchers) watcher.readOn();
    await this.#quiet();
    await this.#allFound();
    // Who reads a board that was lost makes it come back.
    await this.#readAll();
    await this.#quiet();
    await world.checkBoards();
    // Reports and reads that come now find nothing to change.
    await schedule.run(50);
    await this.#quiet();
    await world.checkBoards();
    await this.#checkRanks();
    await this.#checkClose();
  }

  get #watching(): Watcher[] {
    return this.#watchers.filter(({ state }) => state === "watching");
  }

  get #watchers(): Watcher[] {
    return [...this.#watched.keys()];
  }

  #do(one: Happening): void {
    const { world } = this;
    const { open } = world;
    const watching = this.#watching;
    const watcher = "watcher" in one ? watching[one.watcher % watching.length] : undefined;
    const instance = "instance" in one ? open[one.instance % open.length] : undefined;
    const game = "game" in one ? games[one.game] : undefined;
    if (one.kind === "score" && game) {
      const { instance, points, player, givesUp } = one;
      void this.#client.send({ game, instance, points, givesUp, playerId: players[player] ?? "" });
    } else if (one.kind === "change game" && game) world.database.changeGame(game.gameNo);
    else if (one.kind === "outage") world.faults.outage = one.outage;
    else if (one.kind === "empty the ranking") world.server.empty();
    else if (one.kind === "watch" && instance) this.#watch({ ...one, instance });
    else if (one.kind === "kill" && instance) {
      world.kill(instance);
      for (const [watcher, watched] of this.#watched) {
        if (watched.instance === instance) this.#watched.delete(watcher);
      }
      void world.start();
    } else if (one.kind === "restart" && instance) {
      void world.close(instance);
      void world.start();
    } else if (one.kind === "stall" && watcher) watcher.isStalled = true;
    else if (one.kind === "leave" && watcher) watcher.leave();
    else if (one.kind === "reconnect" && watcher && instance) {
      watcher.leave();
      const { board, limit } = this.#watched.get(watcher) ?? { board: 0, limit: 1 };
      this.#watch({ board, limit, instance, shown: watcher.shown });
    }
  }

  #watch({ board: index, limit, instance, shown }: Watching): void {
    const { world } = this;
    const { schedule, database } = world;
    const board = world.boards[index];
    const gameId = board && database.gameOf(board.boardNo)?.gameId;
    if (board === undefined || gameId === undefined) return;
    const { boardNo, boardId } = board;
    const { signal } = new AbortController();
    const nobody = { identity: undefined, verifyAgain: async () => {}, address: "" };
    const call = { ...nobody, deadline: undefined, signal };
    const watcher = new Watcher({
      schedule,
      shown,
      complain: (what) => world.complain(`a watcher of board ${boardNo}: ${what}`),
      join: (sink, known) =>
        watchLeaderboard(instance.rooms, call, { gameId, boardId, limit, known }, sink),
      truth: () => database.boardOf(board).top(0, limit),
    });
    this.#watched.set(watcher, { board: index, limit, instance });
    void watcher.join();
  }

  async #quiet(): Promise<void> {
    await this.world.quiet(() => this.#unrest());
  }

  /**
   * Whoever was taken for lost and lives has looked what it missed. An instance
   * forgets the lost of one report before its next; who was forgotten learns it
   * from a report, and has looked before the one after that.
   */
  async #allFound(): Promise<void> {
    const { database, open } = this.world;
    database.isPatient = true;
    for (let round = 0; round < 3; round += 1) {
      const before = new Map(database.reports);
      const isDue = ({ instanceId: id }: Instance) => database.reports.get(id) === before.get(id);
      await this.world.quiet(() => (open.some(isDue) ? "a report is due" : undefined));
      if (!open.some(({ instanceId }) => database.forgotten.has(instanceId))) break;
    }
    await this.#quiet();
  }

  /** What is still to come, as far as can be told without a look at the ranking. */
  #unrest(): string | undefined {
    const { open, instances, database, isCalm } = this.world;
    if (!isCalm) return "what was lost may still happen";
    if (this.#client.waiting > 0) return `${this.#client.waiting} scores are not acknowledged`;
    if (open.length !== 2 || instances.length !== 2) return "instances start and stop";
    const behind = open.find(({ projector }) => projector.boardsBehind > 0);
    if (behind) return `${behind.instanceId} is behind on ${behind.projector.boardsBehind} boards`;
    const registered = [...database.instances.keys()];
    const lost = registered.find((id) => !open.some(({ instanceId }) => instanceId === id));
    if (lost) return `${lost} is not forgotten`;
    if (this.#watchers.some(({ state }) => state === "joining")) return "a watcher joins";
    return this.#watching.every(({ showsNewest }) => showsNewest) ? undefined : "a board is old";
  }

  async #readAll(): Promise<void> {
    const { open, boards } = this.world;
    const reads = open.flatMap(({ rooms }) =>
      boards.map((board) => rooms.reader.page(board, 0, 100)),
    );
    await this.world.settled(Promise.all(reads));
  }

  /** While nothing goes wrong each reply tells the player's true place. */
  async #checkRanks(): Promise<void> {
    const { database, open } = this.world;
    const [game] = games;
    assert.ok(game);
    for (const [instance, { instanceId: playerId }] of open.entries()) {
      const reply: Accepted | undefined = await this.world.settled(
        this.#client.send({ game, instance, points: 1, playerId }),
      );
      const truth: (RankedStanding | undefined)[] = game.boards.map((board) =>
        database
          .boardOf(board)
          .ranked()
          .find((standing) => standing.playerId === playerId),
      );
      assert.deepEqual(
        reply?.standings.map(({ rank }) => rank),
        truth.map((standing) => standing?.rank),
      );
    }
  }

  /** Nothing is left to happen once all are closed. */
  async #checkClose(): Promise<void> {
    const { world } = this;
    const { open } = world;
    const closing = Promise.all(open.map((instance) => world.close(instance)));
    await this.world.settled(closing);
    assert.deepEqual([...world.database.instances.keys()], [], "all said goodbye");
    for (const watcher of this.#watchers) assert.ok(["left", "ended"].includes(watcher.state));
    await world.schedule.run(200);
    assert.ok(world.schedule.isOver, "nothing is left running");
    assert.deepEqual(world.complaints, []);
  }
}
