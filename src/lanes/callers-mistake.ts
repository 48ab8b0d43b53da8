import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { ServerInterceptingCall, ServerInterceptor, StatusObject } from "@grpc/grpc-js";
import { status } from "@grpc/grpc-js";
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
      const { code, rawMessage } = reason;
      const isMistake = code === Code.Internal && mistakes.test(rawMessage);
      Object.assign(reason, {
        code: isMistake ? Code.InvalidArgument : code,
        rawMessage: sendable(rawMessage),
      });
    }
    abort(reason);
  };
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
