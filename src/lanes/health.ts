import type { Server } from "@grpc/grpc-js";
import { HealthImplementation } from "grpc-health-check";

/** The whole, and each service. */
const names = ["", "score.v1.ScoreService", "score.v1.AdminService"];

interface Watch {
  end(): void;
  on(event: "close", listener: () => void): unknown;
}

/** Answers grpc.health.v1: NOT_SERVING until told otherwise. */
export class Health {
  readonly #health = new HealthImplementation(
    Object.fromEntries(names.map((name) => [name, "NOT_SERVING"])),
  );
  /** Open streams of those who are told of each change. */
  readonly #watches = new Set<Watch>();
  #isServing = false;

  addTo(server: Server): void {
    this.#health.addToServer({
      addService: (definition, { watch, ...others }) =>
        server.addService(definition, {
          ...others,
          watch: (call: Watch) => {
            this.#watches.add(call);
            call.on("close", () => this.#watches.delete(call));
            watch?.(call as never, undefined as never);
          },
        }),
    });
  }

  /** Watches hear of it only when it changed. */
  setServing(isServing: boolean): void {
    if (isServing === this.#isServing) return;
    this.#isServing = isServing;
    for (const name of names) this.#health.setStatus(name, isServing ? "SERVING" : "NOT_SERVING");
  }

  /** Ends all watches: they would keep their connections open for ever. */
  endWatches(): void {
    for (const watch of this.#watches) watch.end();
  }
}
