import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { anyPack, durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RequestInfoSchema,
  RetryInfoSchema,
} from "../../gen/google/rpc/error_details_pb.js";
import { type Status, StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { type ErrorCode, ScoreError } from "../model/score-error.ts";

const codes = {
  invalid_request: Code.InvalidArgument,
  request_too_large: Code.ResourceExhausted,
  unauthenticated: Code.Unauthenticated,
  permission_denied: Code.PermissionDenied,
  unknown_game: Code.NotFound,
  unknown_board: Code.NotFound,
  unknown_player: Code.NotFound,
  unknown_action: Code.NotFound,
  action_id_reused: Code.AlreadyExists,
  score_out_of_range: Code.OutOfRange,
  rate_limited: Code.ResourceExhausted,
  action_limited: Code.ResourceExhausted,
  too_many_watches: Code.ResourceExhausted,
  ledger_busy: Code.Unavailable,
  ledger_unavailable: Code.Unavailable,
  ranking_unavailable: Code.Unavailable,
  keys_unavailable: Code.Unavailable,
  board_filling: Code.Unavailable,
  game_changed: Code.Unavailable,
  shutting_down: Code.Unavailable,
  deadline_exceeded: Code.DeadlineExceeded,
  canceled: Code.Canceled,
} satisfies Record<ErrorCode, Code>;

/** How long a client should wait before a call that met no better advice. */
const defaultRetryMs = 1_000;

const domain = "score.v1";

/**
 * Messages are sent in headers, twice: those of more than 64 KiB break the whole
 * connection, and some clients refuse 8 KiB.
 */
const maxMessageLength = 2_048;

/** As much of an error's message as a header takes, without halves of characters, which it does not. */
export function sendable(message: string): string {
  const isLong = message.length > maxMessageLength;
  return (isLong ? `${message.slice(0, maxMessageLength)}…` : message).toWellFormed();
}

/** A google.rpc detail: its type and content. */
export interface ErrorDetail {
  readonly desc: DescMessage;
  readonly value: MessageInitShape<DescMessage>;
}

/** An error as it leaves the service, the same through every lane. */
export interface WireError {
  readonly code: Code;
  readonly message: string;
  readonly details: readonly ErrorDetail[];
  /** The header of that name: whole seconds. Undefined when waiting does not help. */
  readonly retryAfter: string | undefined;
}

/**
 * What a caller is told of `error`. Of anything but a ScoreError they learn
 * only `reference`, which the log repeats.
 */
export function toWireError(error: unknown, reference: string): WireError {
  if (!(error instanceof ScoreError)) {
    const message = `internal error; reference ${reference}`;
    return {
      code: Code.Internal,
      message,
      details: [errorInfo("INTERNAL"), detail(RequestInfoSchema, { requestId: reference })],
      retryAfter: undefined,
    };
  }
  const code = codes[error.code];
  const details = [errorInfo(error.code.toUpperCase())];
  if (error.violations.length > 0) {
    details.push(detail(BadRequestSchema, { fieldViolations: [...error.violations] }));
  }
  let retryAfter: string | undefined;
  const isTooLarge = error.code === "request_too_large";
  if ((code === Code.ResourceExhausted && !isTooLarge) || code === Code.Unavailable) {
    const ms = Math.ceil(error.retryAfterMs ?? defaultRetryMs);
    details.push(detail(RetryInfoSchema, { retryDelay: durationFromMs(ms) }));
    retryAfter = String(Math.ceil(ms / 1_000));
  }
  return { code, message: sendable(error.message), details, retryAfter };
}

/** The error as google.rpc.Status. */
export function toStatus({ code, message, details }: WireError): Status {
  return create(StatusSchema, {
    code,
    message,
    details: details.map(({ desc, value }) => anyPack(desc, create(desc, value))),
  });
}

/** The content of the `grpc-status-details-bin` trailer. */
export function statusDetails(error: WireError): Buffer {
  return Buffer.from(toBinary(StatusSchema, toStatus(error)));
}

function errorInfo(reason: string): ErrorDetail {
  return detail(ErrorInfoSchema, { reason, domain });
}

function detail<D extends DescMessage>(desc: D, value: MessageInitShape<D>): ErrorDetail {
  return { desc, value: value as MessageInitShape<DescMessage> };
}
