import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { ServerInterceptingCall, ServerInterceptor, StatusObject } from "@grpc/grpc-js";
import { status } from "@grpc/grpc-js";

/**
 * What the libraries call INTERNAL though the mistake is the caller's: bytes
 * that are no message or can't be unpacked, a timeout that is none.
 */
const mistakes =
  /^(parse binary: |decompression failed$|received compressed envelope, |Error deserializing request|Failed to decompress message|Invalid grpc-timeout value )/;

/** An error's message is sent as a header, and clients refuse large ones: some at 8 KiB. */
const maxMessageLength = 2_048;

/** Says INVALID_ARGUMENT to mistakes of callers before connect sends an error: as its `requestGate`. */
export function blameCaller({ signal }: HandlerContext): void {
  // Connect aborts the call with its error before it encodes that.
  signal.addEventListener("abort", () => {
    const error: unknown = signal.reason;
    if (!(error instanceof ConnectError)) return;
    const { code, rawMessage } = error;
    const isMistake = code === Code.Internal && mistakes.test(rawMessage);
    Object.assign(error, {
      code: isMistake ? Code.InvalidArgument : code,
      rawMessage: sendable(rawMessage),
    });
  });
}

/** The same for grpc-js, which takes its own statuses past the interceptors: hence the call as it is. */
export const blameGrpcCaller: ServerInterceptor = (_, call) => {
  const send = call.sendStatus.bind(call);
  call.sendStatus = (given) => {
    const { code, details } = given as StatusObject;
    const isMistake = code === status.INTERNAL && mistakes.test(details);
    send({
      ...given,
      code: isMistake ? status.INVALID_ARGUMENT : code,
      details: sendable(details),
    });
  };
  return call as ServerInterceptingCall;
};

/** Half a character of the caller's would make the encoding of a header throw. */
function sendable(message: string): string {
  return (
    message.length > maxMessageLength ? `${message.slice(0, maxMessageLength)}…` : message
  ).toWellFormed();
}
