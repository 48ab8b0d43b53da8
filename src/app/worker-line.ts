import cluster from "node:cluster";
import type { Registry } from "prom-client";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

/** A worker's line to the primary process. */
export class WorkerLine {
  readonly #asked = new Map<number, PromiseWithResolvers<string>>();
  readonly #stopped = Promise.withResolvers<void>();
  #registry: Registry | undefined;
  #requests = 0;

  private constructor() {
    process.on("message", (message: ToWorker) => this.#hear(message));
  }

  /** Undefined in a process that is no worker. */
  static open(): WorkerLine | undefined {
    return cluster.isWorker ? new WorkerLine() : undefined;
  }

  /** Resolves when the primary says so. Node ends a worker at once whose primary is gone. */
  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  /** This worker's figures are part of those of all from now on. */
  share(registry: Registry): void {
    this.#registry = registry;
  }

  /** The figures of all workers, in the text format of Prometheus. */
  figures(): Promise<string> {
    const request = this.#requests++;
    const asked = Promise.withResolvers<string>();
    this.#asked.set(request, asked);
    this.#tell({ score: "figures", request });
    return asked.promise;
  }

  serving(greeting: string): void {
    this.#tell({ score: "serving", greeting });
  }

  #hear(message: ToWorker): void {
    if (message.score === "stop") this.#stopped.resolve();
    else if (message.score === "own figures") void this.#tellFigures(message.round);
    else if (message.score === "figures") {
      this.#asked.get(message.request)?.resolve(message.text);
      this.#asked.delete(message.request);
    }
  }

  /** Figures that can't be read are left out, as if it hung. */
  async #tellFigures(round: number): Promise<void> {
    const metrics = await this.#registry?.getMetricsAsJSON().catch(() => undefined);
    if (metrics !== undefined) this.#tell({ score: "own figures", round, metrics });
  }

  #tell(message: FromWorker): void {
    process.send?.(message);
  }
}
