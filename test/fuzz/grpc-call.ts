import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from "node:http2";
import type { Code } from "@connectrpc/connect";
import { hangMs, type Outcome } from "./outcome.ts";

/** A call as it goes over the wire. */
export interface RawGrpcCall {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Leaves a stream of answers at its first message. */
  readonly isWatch?: boolean;
  /** Says that more will come, and does not send it. */
  readonly isEndless?: boolean;
}

/** HTTP/2 without a gRPC library: whatever bytes a test wants to send. */
export class RawGrpc {
  readonly #origin: string;
  /** Opened by the first call, and again by the next after it ended. */
  #session: ClientHttp2Session | undefined;

  constructor(port: number) {
    this.#origin = `http://127.0.0.1:${port}`;
  }

  /** Never rejects. */
  call({ path, headers, body, isWatch = false, isEndless = false }: RawGrpcCall): Promise<Outcome> {
    const stream = this.#connected().request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    const outcome = outcomeOf(stream, isWatch);
    if (isEndless) stream.write(body);
    else stream.end(body);
    return outcome;
  }

  close(): void {
    this.#session?.destroy();
  }

  #connected(): ClientHttp2Session {
    if (this.#session === undefined || this.#session.closed || this.#session.destroyed) {
      this.#session = connect(this.#origin);
      // The streams hear of it too.
      this.#session.on("error", () => {});
    }
    return this.#session;
  }
}

function outcomeOf(stream: ClientHttp2Stream, isWatch: boolean): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  let headers: IncomingHttpHeaders & { ":status"?: number } = {};
  let trailers: IncomingHttpHeaders = {};
  const chunks: Buffer[] = [];
  const done = (how: Partial<Outcome> = {}) => {
    clearTimeout(timer);
    const { "grpc-status": code, "grpc-message": message } = { ...headers, ...trailers };
    resolve({
      http: headers[":status"],
      type: headers["content-type"] ?? "",
      code: code === undefined ? undefined : (Number(code) as Code | 0),
      message: String(message ?? ""),
      body: Buffer.concat(chunks),
      ...how,
    });
  };
  const timer = setTimeout(() => {
    done({ broken: "no answer" });
    stream.close(constants.NGHTTP2_CANCEL);
  }, hangMs);
  stream.on("response", (received) => {
    headers = received;
  });
  stream.on("trailers", (received) => {
    trailers = received;
  });
  stream.on("data", (chunk) => {
    chunks.push(chunk);
    if (!isWatch) return;
    done({ code: 0 });
    stream.close(constants.NGHTTP2_CANCEL);
  });
  stream.on("end", () => {
    // The trailers come before the end; whoever has not sent all would wait for the close.
    if (!stream.writableEnded) done();
  });
  stream.on("error", ({ message }) => done({ broken: message }));
  stream.on("close", () => done());
  return promise;
}
