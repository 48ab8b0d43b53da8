import assert from "node:assert/strict";
import type fc from "fast-check";
import type { Board, Game } from "../../src/model/game.ts";
import { FaultPlan } from "./fault-plan.ts";
import { Instance, times } from "./instance.ts";
import type { StoredEvent } from "./model-board.ts";
import { ModelDatabase } from "./model-database.ts";
import { RankingServer } from "./ranking-server.ts";
import { Schedule } from "./schedule.ts";
import { SimulatedTime } from "./simulated-time.ts";
import { lateMs } from "./wire.ts";

interface WorldOptions {
  readonly scheduler: fc.Scheduler;
  readonly games: readonly Game[];
}

/** One database, one ranking, and instances that come and go. */
export class World {
  readonly schedule: Schedule;
  readonly faults = new FaultPlan();
  readonly time: SimulatedTime;
  readonly database: ModelDatabase;
  readonly server: RankingServer;
  /** Those that run, though perhaps they did not start yet. */
  instances: Instance[] = [];
  /** Those that ended with a goodbye. */
  readonly closed: Instance[] = [];
  /** What went wrong and nobody was told; must stay empty. */
  readonly complaints: string[] = [];
  readonly catchUps = { "catch-up": 0, rebuild: 0 };
  #named = 0;
  /** Nothing that was lost or is late happens after this. */
  #calmAt = 0;

  constructor({ scheduler, games }: WorldOptions) {
    this.schedule = new Schedule(scheduler);
    this.time = new SimulatedTime(this.schedule);
    const { now } = this.time;
    this.database = new ModelDatabase({
      games,
      now,
      lostAfterMs: times.lostAfterMs,
      onInsert: (event) => void this.#checkInsert(event),
    });
    this.server = new RankingServer({
      boards: games.flatMap((game) => game.boards),
      now,
      leaseMs: times.leaseMs,
      onClaim: (board, seq) => this.#checkClaim(board, seq),
    });
  }

  get boards(): Board[] {
    return [...this.database.boards.values()].map(({ board }) => board);
  }

  /** Those that take calls. */
  get open(): Instance[] {
    return this.instances.filter(({ isOpen }) => isOpen);
  }

  /** All goes well from now on, though what went wrong has not shown its last effect yet. */
  endFaults(): void {
    this.faults.end();
    this.#calmAt = this.time.now() + 2 * lateMs;
  }

  get isCalm(): boolean {
    return this.time.now() > this.#calmAt;
  }

  complain(message: string, error?: unknown): void {
    const detail = error instanceof Error ? error.stack : error;
    this.complaints.push(`${message}${detail === undefined ? "" : `: ${detail}`}`);
  }

  /** Goes on as long as `unrest` names something; rejects at the first complaint. */
  async quiet(unrest: () => string | undefined): Promise<void> {
    await this.schedule.runUntilQuiet(() => {
      assert.deepEqual(this.complaints, []);
      return unrest();
    });
  }

  /** Lets things happen until `promise` is settled. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = promise.finally(() => {
      isSettled = true;
    });
    settled.catch(() => {});
    await this.quiet(() => (isSettled ? undefined : "an answer is due"));
    return settled;
  }

  onCatchUp(kind: "catch-up" | "rebuild"): void {
    this.catchUps[kind] += 1;
  }

  /** An instance that can't start ends, and another is started. */
  async start(): Promise<void> {
    this.#named += 1;
    const instance = new Instance(this, `instance-${this.#named}`);
    this.instances.push(instance);
    try {
      await instance.start();
    } catch {
      this.kill(instance);
      await this.start();
    }
  }

  kill(instance: Instance): void {
    instance.kill();
    this.#remove(instance);
  }

  async close(instance: Instance): Promise<void> {
    await instance.close();
    this.#remove(instance);
    this.closed.push(instance);
  }

  #remove(instance: Instance): void {
    this.instances = this.instances.filter((one) => one !== instance);
  }

  /** The ranking is the ledger's state, to the last tie. */
  async checkBoards(): Promise<void> {
    for (const board of this.boards) {
      const { standings, totalPlayers, changes } = this.database.boardOf(board).top(0, 100);
      const content = await this.server.content(board);
      assert.deepEqual(content?.standings, standings);
      assert.deepEqual([content?.totalPlayers, content?.changes], [totalPlayers, changes]);
    }
  }

  /** One that was taken for lost and lives lets the others claim too much, for a while. */
  get #mayOverclaim(): boolean {
    return this.instances.some(({ instanceId }) => this.database.forgotten.has(instanceId));
  }

  async #checkClaim(board: Board, seq: number): Promise<void> {
    const content = await this.server.content(board);
    const found = new Map(content?.standings.map((one) => [one.playerId, one.version]));
    for (const [playerId, version] of this.database.boardOf(board).versionsAt(seq)) {
      if ((found.get(playerId) ?? 0) >= version || this.#mayOverclaim) continue;
      this.complain(`board ${board.boardNo} claims ${seq} without ${playerId}'s ${version}`);
    }
  }

  async #checkInsert({ gameNo, seq }: StoredEvent): Promise<void> {
    for (const board of this.database.games.get(gameNo)?.boards ?? []) {
      const head = await this.server.head(board);
      if (head === undefined || head.checkpoint < seq || this.#mayOverclaim) continue;
      this.complain(
        `board ${board.boardNo} claimed ${head.checkpoint} before ${seq} was committed`,
      );
    }
  }
}
