import type { ServerResponse } from "node:http";
import { ConnectError, createContextKey, type HandlerContext } from "@connectrpc/connect";
import { ScoreError } from "../model/score-error.ts";
import type { Call } from "../service/rooms.ts";
import { type Guard, type Incoming, RefusedCall } from "./guard.ts";
import { WebFrames } from "./web-frames.ts";

export const callersAddress = createContextKey("", { description: "the caller's network address" });

export const nodeResponse = createContextKey<ServerResponse | undefined>(undefined, {
  description: "what a watch writes its frames to",
});

/** Rejects with what Connect tells the caller. */
export async function runCall<T>(
  guard: Guard,
  context: HandlerContext,
  handle: (call: Call) => Promise<T>,
): Promise<T> {
  try {
    return await guard.run(incoming(context), handle);
  } catch (error) {
    throw toConnectError(error);
  }
}

/** As `runCall`; the guard's view of a stream lasts until its last message. */
export async function* runStream<T>(
  guard: Guard,
  context: HandlerContext,
  produce: (call: Call) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const started = Promise.withResolvers<Call>();
  const ended = Promise.withResolvers<void>();
  // A call that the guard refuses ends before anybody waits for its end.
  ended.promise.catch(() => {});
  const running = guard.run(incoming(context), (call) => {
    started.resolve(call);
    return ended.promise;
  });
  running.catch(started.reject);
  try {
    for await (const message of produce(await started.promise)) {
      try {
        yield message;
      } catch (cause) {
        // What the transport throws while it sends is that the caller is gone.
        throw new ScoreError("canceled", "the caller went away", { cause });
      }
    }
  } catch (error) {
    ended.reject(error);
  } finally {
    ended.resolve();
  }
  try {
    await running;
  } catch (error) {
    throw toConnectError(error);
  }
}

/** Where the frames of a watch go. */
export function framesTo(context: HandlerContext): WebFrames {
  const response = context.values.get(nodeResponse);
  if (response === undefined) throw new TypeError("the lane did not say what it answers with");
  const isJson = context.responseHeader.get("content-type")?.endsWith("json") ?? false;
  return new WebFrames(response, isJson);
}

function incoming(context: HandlerContext): Incoming {
  return {
    lane: "web",
    method: context.method.name,
    authorization: context.requestHeader.get("authorization") ?? undefined,
    address: context.values.get(callersAddress),
    timeoutMs: context.timeoutMs(),
    signal: context.signal,
  };
}

function toConnectError(error: unknown): ConnectError {
  if (!(error instanceof RefusedCall)) throw error;
  // What connect has found is told as for every other method.
  const found = (error.cause as Error | undefined)?.cause;
  if (found instanceof ConnectError) return found;
  const { code, message, details, retryAfter } = error.wire;
  const headers = retryAfter === undefined ? undefined : { "retry-after": retryAfter };
  return new ConnectError(message, code, headers, [...details] as never);
}
