import type { ServerHttp2Stream } from "node:http2";
import { Metadata, type ServerWritableStream } from "@grpc/grpc-js";
import type { Frame } from "../watch/frame.ts";
import { frameBytes } from "./frame-bytes.ts";

/**
 * Frames to the caller of one gRPC watch: the same bytes for all, written to the
 * HTTP/2 stream itself (docs/decisions/0015). grpc-js would copy them for each and
 * pass them through a stream of its own; headers and status are its own. It does
 * not show the stream: the tests of watches tell when it keeps it elsewhere.
 */
export class FrameStream {
  readonly #call: ServerWritableStream<unknown, Frame>;
  readonly #stream: ServerHttp2Stream;
  #hasHeaders = false;

  constructor(call: ServerWritableStream<unknown, Frame>) {
    this.#call = call;
    this.#stream = (call as unknown as { call: { stream: ServerHttp2Stream } }).call.stream;
  }

  /** `drained` is called when the frame was taken; never on a stream that has ended. */
  send(frame: Frame, drained: () => void): void {
    const stream = this.#stream;
    const isGone = stream.closed || stream.destroyed;
    if (isGone || !this.#hasHeaders) {
      this.#hasHeaders = true;
      // When it has something to send, grpc-js also notices that the caller has left.
      this.#call.sendMetadata(new Metadata());
    }
    if (!isGone && !stream.writableEnded) stream.write(frameBytes(frame), drained);
  }
}
