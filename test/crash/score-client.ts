import { setTimeout as pause } from "node:timers/promises";
import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";

/** How long a call may take, in ms: long enough for a busy machine. */
const deadlineMs = 60_000;

/** A plain gRPC client: one connection, no retries of its own. */
export class ScoreClient {
  readonly #client: Client;
  readonly #metadata = new Metadata();

  constructor(address: string, token: string) {
    const options = { "grpc.enable_retries": 0, "grpc.use_local_subchannel_pool": 1 };
    this.#client = new Client(address, credentials.createInsecure(), options);
    this.#metadata.set("authorization", `Bearer ${token}`);
  }

  /** Rejects with a ServiceError of grpc-js. */
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
  ): Promise<MessageShape<O>> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest<MessageShape<I>, MessageShape<O>>(
        `/${method.parent.typeName}/${method.name}`,
        (message) => Buffer.from(toBinary(method.input, message)),
        (bytes) => fromBinary(method.output, bytes),
        create(method.input, request),
        this.#metadata,
        { deadline: Date.now() + deadlineMs },
        (error, response) => {
          if (error) reject(error);
          else resolve(response as MessageShape<O>);
        },
      );
    });
  }

  /** As `call`, but asks again while the service says that it is not able to for the moment. */
  async callPatiently<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
  ): Promise<MessageShape<O>> {
    const giveUpAt = performance.now() + deadlineMs;
    for (;;) {
      try {
        return await this.call(method, request);
      } catch (error) {
        if (!isUnavailable(error) || performance.now() > giveUpAt) throw error;
        await pause(50);
      }
    }
  }

  close(): void {
    this.#client.close();
  }
}

export function isUnavailable(error: unknown): boolean {
  return (error as Partial<ServiceError>).code === status.UNAVAILABLE;
}
