import {
  createRegistry,
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
  toJson,
} from "@bufbuild/protobuf";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { file_google_rpc_error_details } from "../../gen/google/rpc/error_details_pb.js";

/** How a call is made. */
export interface CallOptions {
  /** Goes out as `authorization: Bearer <token>`. */
  readonly token?: string | undefined;
  /** Goes out as the whole authorization header, instead of a token. */
  readonly authorization?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** One way to call the service: the same calls, results and errors whatever the protocol. */
export interface LaneClient {
  /** Rejects with a CallError. */
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options?: CallOptions,
  ): Promise<MessageShape<O>>;
  /** Throws a CallError when the stream ends with one; leaving the loop cancels the call. */
  watch<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    options?: CallOptions,
  ): AsyncGenerator<MessageShape<O>>;
  close(): void;
}

/** What errors may carry. */
export const detailTypes = createRegistry(file_google_rpc_error_details);

/** A call that failed, with what the client learned. */
export class CallError extends Error {
  readonly code: Code;
  /** The google.rpc details as JSON, each with its `@type`. */
  readonly details: readonly Record<string, unknown>[];

  constructor(code: Code, message: string, details: readonly Any[]) {
    super(message);
    this.name = `CallError ${Code[code]}`;
    this.code = code;
    this.details = details.map(
      (detail) => toJson(AnySchema, detail, { registry: detailTypes }) as Record<string, unknown>,
    );
  }
}

/** The messages of a stream; leaving the loop over them aborts the call. */
export async function* abortedWhenLeft<T>(
  options: CallOptions,
  open: (options: CallOptions & { readonly signal: AbortSignal }) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const left = new AbortController();
  const signal = AbortSignal.any([left.signal, options.signal ?? left.signal]);
  try {
    yield* open({ ...options, signal });
  } finally {
    left.abort();
  }
}

/** The authorization header of a call. */
export function authorizationOf({ authorization, token }: CallOptions): string | undefined {
  return authorization ?? (token === undefined ? undefined : `Bearer ${token}`);
}
