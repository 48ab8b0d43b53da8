import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromJson,
  type JsonValue,
  type MessageInitShape,
  type MessageShape,
  toJson,
} from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { codeFromString } from "@connectrpc/connect/protocol-connect";
import { enveloped, envelopes } from "./envelopes.ts";
import {
  abortedWhenLeft,
  authorizationOf,
  CallError,
  type CallOptions,
  detailTypes,
  type LaneClient,
} from "./lane-client.ts";

interface JsonError {
  readonly code: string;
  readonly message?: string;
  readonly details?: readonly { readonly type: string; readonly value: string }[];
}

/** What anybody can do with `fetch` and JSON, without generated code or a library. */
export class JsonClient implements LaneClient {
  readonly #baseUrl: string;

  constructor(baseUrl: string) {
    this.#baseUrl = baseUrl;
  }

  async call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    const response = await this.#post(method, options, {
      type: "application/json",
      body: JSON.stringify(toJson(method.input, create(method.input, request))),
    });
    const body = (await response.json()) as JsonValue;
    if (!response.ok) throw toCallError(body as unknown as JsonError);
    return fromJson(method.output, body, { registry: detailTypes });
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
    const message = JSON.stringify(toJson(method.input, create(method.input, request)));
    const response = await this.#post(method, options, {
      type: "application/connect+json",
      body: enveloped(new TextEncoder().encode(message)),
    });
    for await (const { flags, bytes } of envelopes(response.body ?? [])) {
      const content = JSON.parse(bytes.toString());
      if ((flags & 2) === 0) yield fromJson(method.output, content, { registry: detailTypes });
      else if (content.error) throw toCallError(content.error);
    }
  }

  #post(
    method: DescMethod,
    options: CallOptions,
    content: { readonly type: string; readonly body: string | Uint8Array<ArrayBuffer> },
  ): Promise<Response> {
    const authorization = authorizationOf(options);
    return fetch(`${this.#baseUrl}/${method.parent.typeName}/${method.name}`, {
      method: "POST",
      headers: {
        "content-type": content.type,
        ...(authorization === undefined ? {} : { authorization }),
        ...(options.timeoutMs === undefined
          ? {}
          : { "connect-timeout-ms": String(options.timeoutMs) }),
      },
      body: content.body,
      signal: options.signal ?? null,
    });
  }
}

function toCallError({ code, message = "", details = [] }: JsonError): CallError {
  const packed = details.map(({ type, value }) =>
    create(AnySchema, {
      typeUrl: `type.googleapis.com/${type}`,
      value: new Uint8Array(Buffer.from(value, "base64")),
    }),
  );
  return new CallError(codeFromString(code) ?? Code.Unknown, message, packed);
}
