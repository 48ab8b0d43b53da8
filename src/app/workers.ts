import cluster, { type Worker } from "node:cluster";
import { setTimeout as sleep } from "node:timers/promises";
import { endsWithin } from "./ends-within.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";
import { WorkersFigures } from "./workers-figures.ts";

/** Before another worker takes the place of one that ended. */
const restartMs = 1_000;

/** Half a second more than a worker takes at most. */
const stopMs = 9_500;

interface WorkersOptions {
  readonly count: number;
  /** A worker ended by itself, and another takes its place; or it did not end when told to. */
  readonly onFailure: (message: string) => void;
}

/** A worker could not start; it has said why. */
export class WorkerFailed extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super("a worker could not start");
    this.exitCode = exitCode;
  }
}

/**
 * The primary process: runs workers that share the ports, and starts another
 * when one ends. Each is an instance of its own, with a watch hub of its own; a
 * connection stays with the worker that took it.
 */
export class Workers {
  readonly #options: WorkersOptions;
  readonly #figures = new WorkersFigures(tell);
  readonly #started = Promise.withResolvers<string>();
  readonly #serving = new Set<Worker>();
  #isStarted = false;
  #isStopping = false;

  constructor(options: WorkersOptions) {
    this.#options = options;
    cluster.on("message", (worker, message: FromWorker) => void this.#hear(worker, message));
    cluster.on("exit", (worker, code) => void this.#ended(worker, code));
  }

  /** Resolves with the greeting when all serve; rejects with WorkerFailed. */
  start(): Promise<string> {
    for (let count = 0; count < this.#options.count; count++) cluster.fork();
    return this.#started.promise;
  }

  /** Resolves when all have finished what they accepted, and ended; kills who has not after `stopMs`. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const all = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
    const ends = all.map((worker) => new Promise((resolve) => worker.once("exit", resolve)));
    for (const worker of all) tell(worker, { score: "stop" });
    if (await endsWithin(stopMs, Promise.all(ends))) return;
    for (const worker of all.filter((one) => !one.isDead())) {
      this.#options.onFailure(
        `worker ${worker.id} has not ended within ${stopMs} ms; it is killed`,
      );
      worker.process.kill("SIGKILL");
    }
  }

  async #hear(worker: Worker, message: FromWorker): Promise<void> {
    if (message.score === "serving") {
      this.#serving.add(worker);
      if (this.#serving.size < this.#options.count) return;
      this.#isStarted = true;
      this.#started.resolve(message.greeting);
    } else if (message.score === "figures") {
      const text = await this.#figures.ofAll(this.#serving);
      tell(worker, { score: "figures", request: message.request, text });
    } else if (message.score === "own figures") {
      this.#figures.take(message.round, message.metrics);
    }
  }

  async #ended(worker: Worker, code: number | null): Promise<void> {
    this.#serving.delete(worker);
    if (this.#isStopping) return;
    if (!this.#isStarted) {
      this.#started.reject(new WorkerFailed(code ?? 1));
      return;
    }
    this.#options.onFailure(`worker ${worker.id} ended (${code}); another takes its place`);
    await sleep(restartMs);
    if (!this.#isStopping) cluster.fork();
  }
}

function tell(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message);
}
