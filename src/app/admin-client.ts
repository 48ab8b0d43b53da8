import { readFileSync } from "node:fs";
import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";

/** Where the service is, and who calls. */
export interface AdminClientOptions {
  /** `host:port` of the gRPC lane. */
  readonly address: string;
  readonly token: string;
  /** Over TLS; `ca` is the PEM file of a certificate to trust besides the usual ones. */
  readonly tls: boolean;
  readonly ca: string | undefined;
}

/** A call that the service refused, or that did not reach it. */
export class CallFailed extends Error {
  constructor({ code, details }: ServiceError, address: string) {
    const why = code === status.UNAVAILABLE ? ` (asked ${address})` : "";
    super(`${status[code]}: ${details}${why}`);
    this.name = "CallFailed";
  }
}

/** Calls AdminService over gRPC. */
export class AdminClient {
  readonly #client: Client;
  readonly #address: string;
  readonly #metadata = new Metadata();

  /** Throws when the `ca` file can't be read. */
  constructor({ address, token, tls, ca }: AdminClientOptions) {
    this.#address = address;
    this.#metadata.set("authorization", `Bearer ${token}`);
    const secure = () => credentials.createSsl(ca === undefined ? null : readFileSync(ca));
    this.#client = new Client(address, tls ? secure() : credentials.createInsecure());
  }

  /** The messages of an answer; throws CallFailed. */
  async *stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
  ): AsyncGenerator<MessageShape<O>> {
    const call = this.#client.makeServerStreamRequest<MessageInitShape<I>, MessageShape<O>>(
      `/${method.parent.typeName}/${method.name}`,
      (message) => Buffer.from(toBinary(method.input, create(method.input, message))),
      (bytes) => fromBinary(method.output, bytes),
      request,
      this.#metadata,
    );
    try {
      yield* call;
    } catch (error) {
      throw new CallFailed(error as ServiceError, this.#address);
    } finally {
      call.cancel();
    }
  }

  close(): void {
    this.#client.close();
  }
}
