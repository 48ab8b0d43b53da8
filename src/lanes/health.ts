import { type Server, status } from "@grpc/grpc-js";
import { HealthImplementation } from "grpc-health-check";

/** The whole, and each service. */
const names = ["", "score.v1.ScoreService", "score.v1.AdminService"];

interface Asked {
  readonly request: { readonly service: string };
}

interface Watch extends Asked {
  end(): void;
  write(answer: { readonly status: string }): unknown;
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
      // The library keeps every name that was ever watched, and answers with those it does not
      // know: names of megabytes, in headers that no client takes.
      addService: (definition, { check, watch, ...others }) =>
        server.addService(definition, {
          ...others,
          check: (call: Asked, callback: (error: object) => void) => {
            if (isKnown(call)) check?.(call as never, callback as never);
            else callback({ code: status.NOT_FOUND, details: "there is no such service" });
          },
          watch: (call: Watch) => {
            this.#watches.add(call);
            call.on("close", () => this.#watches.delete(call));
            if (isKnown(call)) watch?.(call as never, undefined as never);
            else call.write({ status: "SERVICE_UNKNOWN" });
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

function isKnown({ request }: Asked): boolean {
  return names.includes(request.service);
}
