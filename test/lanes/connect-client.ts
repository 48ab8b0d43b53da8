import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { ConnectError, type Transport } from "@connectrpc/connect";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import {
  abortedWhenLeft,
  authorizationOf,
  CallError,
  type CallOptions,
  type LaneClient,
} from "./lane-client.ts";

/** A client over one of connect-node's transports: Connect or gRPC-Web. */
export class ConnectClient implements LaneClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    try {
      const { signal, timeoutMs } = options;
      const header = headersOf(options);
      const response = await this.#transport.unary(method, signal, timeoutMs, header, request);
      return response.message;
    } catch (error) {
      throw toCallError(error);
    }
  }

  watch<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): AsyncGenerator<MessageShape<O>> {
    return abortedWhenLeft(options, (given) => this.#messages(method, request, given));
  }

  close(): void {}

  async *#messages<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions,
  ): AsyncGenerator<MessageShape<O>> {
    try {
      const { signal, timeoutMs } = options;
      const header = headersOf(options);
      const input = createAsyncIterable([request]);
      const response = await this.#transport.stream(method, signal, timeoutMs, header, input);
      yield* response.message;
    } catch (error) {
      throw toCallError(error);
    }
  }
}

export function toCallError(error: unknown): CallError {
  const { code, rawMessage, details } = ConnectError.from(error);
  const packed = details.flatMap((detail) =>
    "value" in detail && detail.value instanceof Uint8Array
      ? [
          create(AnySchema, {
            typeUrl: `type.googleapis.com/${(detail as { type: string }).type}`,
            value: detail.value,
          }),
        ]
      : [],
  );
  return new CallError(code, rawMessage, packed);
}

function headersOf(options: CallOptions): Headers {
  const headers = new Headers();
  const authorization = authorizationOf(options);
  if (authorization !== undefined) headers.set("authorization", authorization);
  return headers;
}
