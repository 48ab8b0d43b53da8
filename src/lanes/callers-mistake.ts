import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { ServerInterceptingCall, ServerInterceptor, StatusObject } from "@grpc/grpc-js";
import { status } from "@grpc/grpc-js";
import { ScoreError } from "../model/score-error.ts";
import { sendable } from "./wire-error.ts";

/**
 * What the libraries call INTERNAL though the mistake is the caller's: bytes
 * that are no message or can't be unpacked, a timeout that is none.
 */
const mistakes =
  /^(parse binary: |decompression failed$|received compressed envelope, |Error deserializing request|Failed to decompress message|Invalid grpc-timeout value )/;

/** Says INVALID_ARGUMENT to mistakes of callers in what connect answers: as its `requestGate`. */
export function blameCaller(context: HandlerContext): void {
  // Connect aborts the call with its error before it encodes that, and this call is the only way to
  // see it there: the signal of a call that was late has another reason.
  const controller = context as HandlerContext & { abort: (reason?: unknown) => void };
  const { abort } = controller;
  controller.abort = (reason) => {
    if (reason instanceof ConnectError) {
      Object.assign(reason, { code: codeOf(reason), rawMessage: sendable(reason.rawMessage) });
    }
    abort(reason);
  };
}

/**
 * What connect finds wrong with the requests of a pipe, or that no more will come, is heard only by
 * who reads them, and is no failure of the service. Its cause is what the caller is to be told.
 */
export function ofCaller(error: unknown): unknown {
  if (!(error instanceof ConnectError)) return error;
  const [message, details] = [error.rawMessage, { cause: error }];
  switch (codeOf(error)) {
    case Code.InvalidArgument:
    case Code.Unimplemented:
      return new ScoreError("invalid_request", message, details);
    case Code.ResourceExhausted:
      return new ScoreError("request_too_large", message, details);
    case Code.Canceled:
    case Code.Aborted:
      return new ScoreError("canceled", message, details);
    default:
      return error;
  }
}

function codeOf({ code, rawMessage }: ConnectError): Code {
  return code === Code.Internal && mistakes.test(rawMessage) ? Code.InvalidArgument : code;
}

/**
 * The same for grpc-js, which takes its own statuses past the interceptors:
 * hence the call as it is. Messages after a status would break the stream: a
 * caller whose mistake comes while answers are on their way would wait for ever.
 */
export const blameGrpcCaller: ServerInterceptor = (_, call) => {
  const sendStatus = call.sendStatus.bind(call);
  call.sendStatus = (given) => {
    // Only from now on: no message before has to pay for a check.
    call.sendMessage = (_message, callback) => callback();
    const { code, details } = given as StatusObject;
    const isMistake = code === status.INTERNAL && mistakes.test(details);
    sendStatus({
      ...given,
      code: isMistake ? status.INVALID_ARGUMENT : code,
      details: sendable(details),
    });
  };
  return call as ServerInterceptingCall;
};
