import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import type { Code } from "@connectrpc/connect";
import { hangMs, type Outcome } from "./fuzz-outcome.ts";

/** A request as it goes over the wire, whether it follows the protocol or not. */
export interface RawRequest {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Leaves a stream of answers at its first message. */
  readonly isWatch?: boolean;
}

/** HTTP/2 without a gRPC library: whatever bytes a test wants to send. */
export class RawGrpc {
  readonly #origin: string;
  #session: ClientHttp2Session | undefined;

  constructor(port: number) {
    this.#origin = `http://127.0.0.1:${port}`;
  }

  /** Never rejects. */
  call({ path, headers, body, isWatch = false }: RawRequest): Promise<Outcome> {
    const stream = this.#connected().request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    const outcome = outcomeOf(stream, isWatch);
    stream.end(body);
    return outcome;
  }

  close(): void {
    this.#session?.destroy();
  }

  #connected(): ClientHttp2Session {
    if (this.#session === undefined || this.#session.closed || this.#session.destroyed) {
      this.#session = connect(this.#origin);
      this.#session.on("error", () => {});
      this.#session.setMaxListeners(0);
    }
    return this.#session;
  }
}

function outcomeOf(stream: ClientHttp2Stream, isWatch: boolean): Promise<Outcome> {
  return new Promise((resolve) => {
    let http: number | undefined;
    let status: Record<string, unknown> = {};
    const chunks: Buffer[] = [];
    const done = (how: Partial<Outcome>) => {
      clearTimeout(timer);
      const code = status["grpc-status"];
      resolve({
        http,
        code: code === undefined ? undefined : (Number(code) as Code | 0),
        message: String(status["grpc-message"] ?? ""),
        body: Buffer.concat(chunks),
        ...how,
      });
    };
    const timer = setTimeout(() => {
      done({ broken: "no answer" });
      stream.close(constants.NGHTTP2_CANCEL);
    }, hangMs);
    stream.on("response", (headers) => {
      http = Number(headers[":status"]);
      status = headers;
    });
    stream.on("data", (chunk) => {
      chunks.push(chunk);
      if (!isWatch) return;
      done({ code: 0 });
      stream.close(constants.NGHTTP2_CANCEL);
    });
    stream.on("trailers", (trailers) => {
      status = trailers;
    });
    stream.on("error", (error) => done({ broken: error.message }));
    stream.on("close", () => done({}));
  });
}
