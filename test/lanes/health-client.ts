import { credentials, makeGenericClientConstructor, type ServiceError } from "@grpc/grpc-js";
import { service } from "grpc-health-check";

const Client = makeGenericClientConstructor(service, "Health");

/** A client of grpc.health.v1. */
export class HealthClient {
  readonly #client: InstanceType<typeof Client>;

  constructor(grpcPort: number) {
    this.#client = new Client(`127.0.0.1:${grpcPort}`, credentials.createInsecure());
  }

  /** Rejects with the ServiceError of the call. */
  check(name: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#client.check?.(
        { service: name },
        (error: ServiceError | null, response: { status: string }) =>
          error ? reject(error) : resolve(response.status),
      );
    });
  }

  /** Each status from now on, until the stream breaks, which ends it. */
  async *watch(name: string): AsyncGenerator<string> {
    const stream = this.#client.watch?.({ service: name });
    try {
      for await (const { status } of stream) yield status;
    } catch (error) {
      if (typeof (error as ServiceError).code !== "number") throw error;
    } finally {
      stream.cancel();
    }
  }

  close(): void {
    this.#client.close();
  }
}
