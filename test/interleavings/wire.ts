import type { Fault, FaultPlan } from "./fault-plan.ts";
import { Lifetime } from "./lifetime.ts";
import type { Schedule } from "./schedule.ts";
import type { SimulatedTime } from "./simulated-time.ts";

export interface WireOptions {
  readonly schedule: Schedule;
  readonly faults: FaultPlan;
  readonly caller: Lifetime;
  readonly time: SimulatedTime;
  /** A call that nobody waits for any longer happens within this many ms, or not at all. */
  readonly limitMs: number;
}

/** How late a late call is at least, in ms; less than any limit. */
export const lateMs = 200;

/** What is on its way goes on when its caller is gone. */
const onItsWay = new Lifetime();

/** What a call does; once it is too late nothing of it may happen any more. */
type Work<T> = (isTooLate: () => boolean) => T | Promise<T>;

/** From one instance to a backend. Calls and answers travel apart, and overtake each other. */
export class Wire {
  readonly #options: WireOptions;
  /** How often it was cut. */
  #cuts = 0;

  constructor(options: WireOptions) {
    this.#options = options;
  }

  /** What nobody waits for and has not happened yet never happens. */
  cut(): void {
    this.#cuts += 1;
  }

  /** Does `work` at the other end. What is struck by a fault rejects as if the connection broke; a call that `isOnce` is never doubled. */
  call<T>(label: string, work: Work<T>, isOnce = false): Promise<T> {
    const { schedule, faults, caller } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (caller.isOver) return promise;
    const answer = (settle: () => void) =>
      void schedule.turn(`${label} is answered`).then(() => caller.isOver || settle());
    const fault = faults.next(label);
    this.#travel(label, work, isOnce && fault === "doubled" ? undefined : fault).then(
      (value) => answer(() => resolve(value)),
      (error) => answer(() => reject(error)),
    );
    return promise;
  }

  async #travel<T>(label: string, work: Work<T>, fault: Fault | undefined): Promise<T> {
    const { schedule, caller, time, limitMs } = this.#options;
    const sentAt = time.now();
    const cuts = this.#cuts;
    const broken = () => new Error(`${label}: the connection broke`);
    const isUnheard = () => fault !== undefined || caller.isOver;
    const arrive = async () => {
      if (fault === "late") await time.timersOf(onItsWay).sleep(lateMs);
      await schedule.turn(`${label} arrives`);
      const isTooLate = () => isUnheard() && (this.#cuts > cuts || time.now() - sentAt > limitMs);
      if (isTooLate()) throw broken();
      return work(isTooLate);
    };
    if (fault === "late" || fault === "doubled") arrive().catch(() => {});
    if (fault === "late" || fault === "refused") throw broken();
    const value = await arrive();
    if (fault === "lost") throw broken();
    return value;
  }
}
