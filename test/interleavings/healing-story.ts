import assert from "node:assert/strict";
import fc from "fast-check";
import { isScoreError } from "../../src/model/score-error.ts";
import { type Fault, plannedFaults } from "./fault-plan.ts";
import { games, players } from "./games.ts";
import type { Instance } from "./instance.ts";
import { PageOrder } from "./page-order.ts";
import { ScoreClient } from "./score-client.ts";
import { step, stepsOf } from "./step.ts";
import { World } from "./world.ts";

const happening = fc.oneof(
  {
    weight: 6,
    arbitrary: step("score", {
      player: fc.nat(players.length - 1),
      points: fc.integer({ min: 0, max: 3 }),
      instance: fc.nat(1),
      givesUp: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: step("read", { instance: fc.nat(1) }) },
  step("outage", {
    outage: fc.constantFrom<Fault | undefined>("refused", "lost", "late", undefined),
  }),
  step("empty", {}),
  step("restart", {}),
  step("forget", { instance: fc.nat(1) }),
  { weight: 2, arbitrary: step("rebuild", { instance: fc.nat(1) }) },
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

export const healingStories = fc.record({
  scheduler: fc.scheduler(),
  instances: fc.constantFrom(1, 2),
  faults: plannedFaults(20),
  steps: stepsOf(happening, 20),
});
type Told = typeof healingStories extends fc.Arbitrary<infer T> ? T : never;

/** A board's ranking that is lost and can't be reached, and comes to be the ledger's state again. */
export class HealingStory {
  readonly world: World;
  readonly #told: Told;
  readonly #client: ScoreClient;
  readonly #orders = new Map<Instance, PageOrder>();
  /** Rebuilds that were asked for: those under way, and how many took the ranking's place. */
  #rebuilding = 0;
  #rebuilt = 0;

  constructor(told: Told) {
    this.#told = told;
    this.world = new World({
      scheduler: told.scheduler,
      games: games.slice(0, 1).map((game) => ({ ...game, boards: game.boards.slice(0, 1) })),
    });
    this.#client = new ScoreClient(this.world);
  }

  async play(): Promise<void> {
    const { world } = this;
    const { faults, instances, steps } = this.#told;
    for (let started = 0; started < instances; started += 1) void world.start();
    await world.quiet(() => this.#unrest());
    const { rebuild } = world.catchUps;
    world.faults.plan(faults);
    for (const one of steps) {
      await this.#do(one);
      await world.schedule.run(one.turns);
      assert.deepEqual(world.complaints, []);
    }
    world.endFaults();
    await world.quiet(() => this.#unrest());
    for (const instance of world.open) this.#read(instance);
    await world.quiet(() => this.#unrest());
    await world.schedule.run(30);
    await world.quiet(() => this.#unrest());
    await world.checkBoards();
    const isLossless = !steps.some(({ kind }) => kind === "empty" || kind === "restart");
    const rebuiltByItself = world.catchUps.rebuild - rebuild - this.#rebuilt;
    if (isLossless) assert.equal(rebuiltByItself, 0, "nothing was lost");
    assert.deepEqual(world.complaints, []);
  }

  async #do(one: Happening): Promise<void> {
    const { world } = this;
    const { open, server, database } = world;
    const instance = "instance" in one ? open[one.instance % open.length] : undefined;
    const [game] = database.games.values();
    if (one.kind === "score" && game) {
      const { points, givesUp } = one;
      const playerId = players[one.player] ?? "";
      void this.#client.send({ game, instance: one.instance, points, givesUp, playerId });
    } else if (one.kind === "read" && instance) this.#read(instance);
    else if (one.kind === "rebuild" && instance) void this.#rebuild(instance);
    else if (one.kind === "forget" && instance) database.forget(instance.instanceId);
    else if (one.kind === "outage") world.faults.outage = one.outage;
    else if (one.kind === "empty") server.empty();
    else if (one.kind === "restart") server.restart();
  }

  /** Each reader asks for the next page when it has the last. */
  #read(instance: Instance): void {
    const { world } = this;
    const order = this.#orders.get(instance) ?? new PageOrder((what) => world.complain(what));
    this.#orders.set(instance, order);
    const [board] = world.boards;
    assert.ok(board);
    order.next(() => instance.rooms.reader.page(board, 0, 100));
  }

  /** As an operator asks for it, who may be refused and then asks again. */
  async #rebuild({ projector }: Instance): Promise<void> {
    const [board] = this.world.boards;
    assert.ok(board);
    this.#rebuilding += 1;
    try {
      await projector.rebuild(board, () => {});
      this.#rebuilt += 1;
    } catch (error) {
      const mayPass = isScoreError(error, "ranking_unavailable", "ledger_unavailable");
      if (!mayPass) this.world.complain("a rebuild failed", error);
    }
    this.#rebuilding -= 1;
  }

  #unrest(): string | undefined {
    const { open, isCalm } = this.world;
    if (!isCalm) return "what was lost may still happen";
    if (open.length < this.#told.instances) return "instances start";
    if (this.#rebuilding > 0) return `${this.#rebuilding} rebuilds are under way`;
    if (this.#client.waiting > 0) return `${this.#client.waiting} scores are not acknowledged`;
    if (open.some(({ projector }) => projector.boardsBehind > 0)) return "an instance is behind";
    const isReading = [...this.#orders.values()].some((order) => order.isReading);
    return isReading ? "a reader waits" : undefined;
  }
}
