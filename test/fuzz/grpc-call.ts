import type { Code } from "@connectrpc/connect";
import { RawHttp2 } from "./http2-call.ts";
import type { Outcome } from "./outcome.ts";

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

/** gRPC without a gRPC library: whatever bytes a test wants to send. */
export class RawGrpc {
  readonly #http2: RawHttp2;

  constructor(port: number) {
    this.#http2 = new RawHttp2(port);
  }

  /** Never rejects. */
  async call(call: RawGrpcCall): Promise<Outcome> {
    const { path, headers, body, isWatch = false, isEndless = false } = call;
    const answer = await this.#http2.call({
      headers: {
        ":method": "POST",
        ":path": path,
        "content-type": "application/grpc",
        te: "trailers",
        ...headers,
      },
      body,
      leavesAt: () => isWatch,
      isEndless,
    });
    const inHeaders = { ...answer.headers, ...answer.trailers };
    const code = answer.hasLeft ? 0 : inHeaders["grpc-status"];
    return {
      http: answer.headers[":status"],
      type: answer.headers["content-type"] ?? "",
      code: code === undefined ? undefined : (Number(code) as Code | 0),
      message: String(inHeaders["grpc-message"] ?? ""),
      body: answer.body,
      ...(answer.broken !== undefined && { broken: answer.broken }),
    };
  }

  close(): void {
    this.#http2.close();
  }
}
