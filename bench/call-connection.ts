import { callHeaders } from "./header-block.ts";
import { Http2Connection, type StreamEvents } from "./http2-connection.ts";
import { WebConnection } from "./web-connection.ts";

/** How a load speaks: gRPC and gRPC-Web over HTTP/2, Connect over HTTP/1.1. */
export type Way = "grpc" | "grpc-web" | "connect";

export interface CallOptions {
  readonly way: Way;
  readonly port: number;
  /** Of ScoreService. */
  readonly method: string;
  readonly token: string | undefined;
  /** Whether there may be more than one answer. */
  readonly isStream: boolean;
}

/** Calls of one method. */
export interface CallConnection {
  /** Sends a whole request, framed; returns the call's number: 1, 3, 5 and so on. */
  call(message: Buffer): number;
  close(): void;
}

/** Answers come framed, whatever the way. */
export async function openCalls(
  options: CallOptions,
  events: StreamEvents,
): Promise<CallConnection> {
  const { way, port, method, token } = options;
  if (way === "connect") return new WebConnection(options, events);
  const type = way === "grpc" ? "application/grpc" : "application/grpc-web+proto";
  const connection = await Http2Connection.open(port, callHeaders(method, token, type), events);
  return {
    call: (message) => connection.call(message, true),
    close: () => connection.close(),
  };
}
