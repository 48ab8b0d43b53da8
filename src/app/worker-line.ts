import cluster from "node:cluster";
import { AggregatorRegistry, type Registry } from "prom-client";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

/** A worker's line to the primary process. */
export class WorkerLine {
  readonly #asked = new Map<number, PromiseWithResolvers<string>>();
  readonly #stopped = Promise.withResolvers<void>();
  #requests = 0;

  private constructor() {
    process.on("message", (message: ToWorker) => this.#hear(message));
    process.on("disconnect", () => this.#stopped.resolve());
  }

  /** Undefined in a process that is no worker. */
  static open(): WorkerLine | undefined {
    return cluster.isWorker ? new WorkerLine() : undefined;
  }

  /** Resolves when the primary says so, or is gone. */
  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  /** This worker's figures are part of those of all from now on. */
  share(registry: Registry): void {
    AggregatorRegistry.setRegistries(registry);
    // Making one is what lets it answer the primary.
    new AggregatorRegistry();
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
    else if (message.score === "figures") {
      const asked = this.#asked.get(message.request);
      this.#asked.delete(message.request);
      if (message.text === undefined) asked?.reject(new Error("a worker told no figures"));
      else asked?.resolve(message.text);
    }
  }

  #tell(message: FromWorker): void {
    process.send?.(message);
  }
}
