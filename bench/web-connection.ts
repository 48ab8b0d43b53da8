import { Agent, request } from "node:http";
import { grpcMessage, messageHeadBytes } from "./grpc-message.ts";
import type { StreamEvents } from "./http2-connection.ts";

export interface WebCalls {
  readonly port: number;
  /** Of ScoreService. */
  readonly method: string;
  readonly token: string | undefined;
  readonly isStream: boolean;
}

/**
 * The Connect protocol over HTTP/1.1, each call on a connection of its own that
 * is kept for the next. To who calls it looks like a gRPC connection: requests
 * and answers are framed messages.
 */
export class WebConnection {
  readonly #calls: WebCalls;
  readonly #events: StreamEvents;
  readonly #agent = new Agent({ keepAlive: true });
  #nextCall = 1;
  #isClosed = false;

  constructor(calls: WebCalls, events: StreamEvents) {
    this.#calls = calls;
    this.#events = events;
  }

  /** Sends a whole request; returns the call's number: 1, 3, 5 and so on. */
  call(message: Buffer): number {
    const { port, method, token, isStream } = this.#calls;
    const id = this.#nextCall;
    this.#nextCall += 2;
    const body = isStream ? message : message.subarray(messageHeadBytes);
    const call = request({
      agent: this.#agent,
      host: "127.0.0.1",
      port,
      method: "POST",
      path: `/score.v1.ScoreService/${method}`,
      headers: {
        "content-type": isStream ? "application/connect+proto" : "application/proto",
        "connect-protocol-version": "1",
        "content-length": body.length,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    });
    call.on("response", (response) => {
      if (response.statusCode !== 200) throw new Error(`a call got status ${response.statusCode}`);
      response.on("data", (bytes: Buffer) => {
        const framed = isStream ? bytes : grpcMessage(bytes);
        this.#events.onData(id, framed, 0, framed.length);
      });
      response.on("end", () => this.#events.onEnd(id));
    });
    call.on("error", (error) => {
      if (!this.#isClosed) throw error;
    });
    call.end(body);
    return id;
  }

  close(): void {
    this.#isClosed = true;
    this.#agent.destroy();
  }
}
