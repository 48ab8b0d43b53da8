import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromJson,
  getOption,
  hasOption,
  type JsonObject,
  type JsonValue,
  type MessageInitShape,
  type MessageShape,
  toJson,
} from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { http } from "../../gen/google/api/annotations_pb.js";
import type { HttpRule } from "../../gen/google/api/http_pb.js";
import { JsonClient } from "./json-client.ts";
import {
  abortedWhenLeft,
  authorizationOf,
  CallError,
  type CallOptions,
  detailTypes,
  type LaneClient,
} from "./lane-client.ts";

/** REST as the annotations of the contract say; what has none goes as JSON of the Connect protocol. */
export class RestClient implements LaneClient {
  readonly #baseUrl: string;
  readonly #rest: JsonClient;

  constructor(baseUrl: string) {
    this.#baseUrl = baseUrl;
    this.#rest = new JsonClient(baseUrl);
  }

  async call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    if (!hasOption(method, http)) return this.#rest.call(method, request, options);
    const response = await this.#fetch(method, request, options);
    return fromJson(method.output, (await response.json()) as JsonValue, { registry: detailTypes });
  }

  watch<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): AsyncGenerator<MessageShape<O>> {
    if (!hasOption(method, http)) return this.#rest.watch(method, request, options);
    return abortedWhenLeft(options, (given) => this.#messages(method, request, given));
  }

  close(): void {}

  async *#messages<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions,
  ): AsyncGenerator<MessageShape<O>> {
    const response = await this.#fetch(method, request, options);
    for await (const data of serverSentEvents(response)) {
      yield fromJson(method.output, JSON.parse(data), { registry: detailTypes });
    }
  }

  async #fetch<I extends DescMessage>(
    method: DescMethod & { readonly input: I },
    request: MessageInitShape<I>,
    options: CallOptions,
  ): Promise<Response> {
    const message = create(method.input, request);
    const fields = toJson(method.input, message, { useProtoFieldName: true }) as JsonObject;
    const { verb, path, body } = toHttp(getOption(method, http), fields);
    const authorization = authorizationOf(options);
    const response = await fetch(`${this.#baseUrl}${path}`, {
      method: verb,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(authorization === undefined ? {} : { authorization }),
        ...(options.timeoutMs === undefined ? {} : { "grpc-timeout": `${options.timeoutMs}m` }),
      },
      ...(body === undefined ? {} : { body }),
      signal: options.signal ?? null,
    });
    if (!response.ok) throw await toCallError(response);
    return response;
  }
}

const placeholders = /\{(\w+)\}/g;

/** By the first binding whose path can be filled in. */
function toHttp(rule: HttpRule, fields: JsonObject) {
  const templateOf = ({ pattern }: HttpRule) => String(pattern.value);
  const isFilled = (binding: HttpRule) =>
    [...templateOf(binding).matchAll(placeholders)].every(([, name = ""]) => fields[name]);
  const binding = [rule, ...rule.additionalBindings].find(isFilled) ?? rule;
  const rest = { ...fields };
  const path = templateOf(binding).replaceAll(placeholders, (_, name) => {
    delete rest[name];
    return encodeURIComponent(String(fields[name] ?? ""));
  });
  if (binding.body === "*") return { verb: "POST", path, body: JSON.stringify(rest) };
  const query = new URLSearchParams(Object.entries(rest).map(([k, v]) => [k, String(v)]));
  return { verb: "GET", path: query.size > 0 ? `${path}?${query}` : path, body: undefined };
}

async function toCallError(response: Response): Promise<CallError> {
  const body = await response.text();
  try {
    const { code, message, details } = JSON.parse(body);
    const packed = details.map((detail: JsonValue) =>
      fromJson(AnySchema, detail, { registry: detailTypes }),
    );
    return new CallError(code, message ?? "", packed);
  } catch {
    return new CallError(Code.Unknown, `${response.status} ${body}`, []);
  }
}

/** The data of each event. */
export async function* serverSentEvents(response: Response): AsyncGenerator<string> {
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      yield text.slice(0, end).replace(/^data: ?/, "");
      text = text.slice(end + 2);
    }
  }
}
