import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { constants, type ServerHttp2Stream } from "node:http2";
import { ScoreService } from "../../gen/score/v1/score_pb.js";

const started = "http2.server.stream.start";
const closed = "http2.server.stream.close";

const pipe = `/${ScoreService.typeName}/${ScoreService.method.streamScores.name}`;

interface Opened {
  readonly at: number;
  readonly isPipe: boolean;
}

interface StreamMessage {
  readonly stream: ServerHttp2Stream;
  readonly headers: Readonly<Record<string, unknown>>;
}

/**
 * Resets HTTP/2 streams whose request does not come to its end within
 * `requestMs`: of both lanes, since grpc-js has no such limit and leaves open
 * what it refused. Pipes stay open until they are refused. HTTP/1.1 has limits
 * of its own. Costs two notices of Node a stream and no timer.
 */
export class UnfinishedRequests {
  readonly #requestMs: number;
  /** Streams whose request may not have ended, the oldest first. */
  readonly #open = new Map<ServerHttp2Stream, Opened>();
  readonly #sweep: NodeJS.Timeout;

  constructor(requestMs: number) {
    this.#requestMs = requestMs;
    subscribe(started, this.#onStart);
    subscribe(closed, this.#onClose);
    this.#sweep = setInterval(() => this.#resetLate(), requestMs / 10);
  }

  /** May be called twice. */
  close(): void {
    clearInterval(this.#sweep);
    unsubscribe(started, this.#onStart);
    unsubscribe(closed, this.#onClose);
    this.#open.clear();
  }

  #resetLate(): void {
    const lateAt = performance.now() - this.#requestMs;
    for (const [stream, { at, isPipe }] of this.#open) {
      if (at > lateAt) return;
      if (isPipe && !stream.writableEnded) continue;
      this.#open.delete(stream);
      if (!stream.readableEnded) stream.close(constants.NGHTTP2_CANCEL);
    }
  }

  readonly #onStart = (message: unknown): void => {
    const { stream, headers } = message as StreamMessage;
    if (stream.endAfterHeaders) return;
    this.#open.set(stream, { at: performance.now(), isPipe: headers[":path"] === pipe });
  };

  readonly #onClose = (message: unknown): void => {
    this.#open.delete((message as StreamMessage).stream);
  };
}
