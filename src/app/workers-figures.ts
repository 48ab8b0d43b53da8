import type { Worker } from "node:cluster";
import { AggregatorRegistry } from "prom-client";
import { endsWithin } from "./ends-within.ts";
import type { ToWorker } from "./worker-messages.ts";

/** How long a scrape waits for a worker that hangs. */
const patienceMs = 2_000;

/** The figures of workers, made into those of one service. */
export class WorkersFigures {
  readonly #tell: (worker: Worker, message: ToWorker) => void;
  /** Where the answers go, by the round in which all are asked. */
  readonly #underWay = new Map<number, (metrics: object) => void>();
  #rounds = 0;

  constructor(tell: (worker: Worker, message: ToWorker) => void) {
    this.#tell = tell;
  }

  /** In the text format of Prometheus, of those who answer in time. */
  async ofAll(workers: ReadonlySet<Worker>): Promise<string> {
    const round = this.#rounds++;
    const asked = [...workers];
    const told: object[] = [];
    const all = Promise.withResolvers<void>();
    this.#underWay.set(round, (metrics) => {
      told.push(metrics);
      if (told.length === asked.length) all.resolve();
    });
    for (const worker of asked) this.#tell(worker, { score: "own figures", round });
    await endsWithin(patienceMs, all.promise);
    this.#underWay.delete(round);
    return AggregatorRegistry.aggregate(told).metrics();
  }

  /** What a worker answered; too late it counts for nothing. */
  take(round: number, metrics: object): void {
    this.#underWay.get(round)?.(metrics);
  }
}
