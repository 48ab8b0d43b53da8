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
import {
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

  async *watch<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): AsyncGenerator<MessageShape<O>> {
    const left = new AbortController();
    const signal = AbortSignal.any([left.signal, options.signal ?? left.signal]);
    const message = JSON.stringify(toJson(method.input, create(method.input, request)));
    const response = await this.#post(
      method,
      { ...options, signal },
      { type: "application/connect+json", body: enveloped(message) },
    );
    try {
      for await (const { flags, text } of envelopes(response.body)) {
        const content = JSON.parse(text);
        if ((flags & 2) === 0) yield fromJson(method.output, content, { registry: detailTypes });
        else if (content.error) throw toCallError(content.error);
      }
    } finally {
      left.abort();
    }
  }

  close(): void {}

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

/** One message of a Connect stream: flags, length, content. */
function enveloped(message: string): Uint8Array<ArrayBuffer> {
  const content = new TextEncoder().encode(message);
  const bytes = new Uint8Array(5 + content.length);
  new DataView(bytes.buffer).setUint32(1, content.length);
  bytes.set(content, 5);
  return bytes;
}

async function* envelopes(body: AsyncIterable<Uint8Array> | null) {
  let bytes = Buffer.alloc(0);
  for await (const chunk of body ?? []) {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt32BE(1)) {
      const end = 5 + bytes.readUInt32BE(1);
      yield { flags: bytes.readUInt8(0), text: bytes.toString("utf8", 5, end) };
      bytes = bytes.subarray(end);
    }
  }
}
