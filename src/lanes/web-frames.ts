import type { ServerResponse } from "node:http";
import type { WatchLeaderboardResponse } from "../../gen/score/v1/score_pb.js";
import type { Frame } from "../watch/frame.ts";
import { frameBytes, frameJsonBytes, frameMessage } from "./frame-bytes.ts";

interface FirstFrame {
  readonly frame: Frame;
  readonly drained: () => void;
}

/**
 * Frames to the caller of one watch on the web lane. Connect sends the headers and
 * the first frame; the others are the same bytes for all, written to the response
 * itself while Connect waits for a message (docs/decisions/0015); the end is
 * Connect's again.
 */
export class WebFrames {
  readonly #response: ServerResponse;
  readonly #bytesOf: (frame: Frame) => Buffer;
  /** The first frame; undefined when the watch ended without one. */
  readonly #first = Promise.withResolvers<FirstFrame | undefined>();
  readonly #ended = Promise.withResolvers<void>();
  /** Connect has sent the first frame. */
  #isBegun = false;

  constructor(response: ServerResponse, isJson: boolean) {
    this.#response = response;
    this.#bytesOf = isJson ? frameJsonBytes : frameBytes;
    // The caller may be gone when the watch ends.
    this.#ended.promise.catch(() => {});
  }

  /** `drained` is called when the frame was taken; never when the caller is gone. */
  send(frame: Frame, drained: () => void): void {
    if (!this.#isBegun) {
      this.#first.resolve({ frame, drained });
      return;
    }
    if (this.#response.writableEnded) return;
    this.#response.write(this.#bytesOf(frame), (error) => {
      if (!error) drained();
    });
  }

  end(error: unknown): void {
    this.#ended.reject(error);
    this.#first.resolve(undefined);
  }

  /** The caller has left. */
  stop(): void {
    this.#ended.resolve();
    this.#first.resolve(undefined);
  }

  /** What Connect is to send: it asks again when the first frame was taken, and waits for the end. */
  async *messages(): AsyncGenerator<WatchLeaderboardResponse> {
    const first = await this.#first.promise;
    if (first) {
      yield frameMessage(first.frame);
      this.#isBegun = true;
      first.drained();
    }
    await this.#ended.promise;
  }
}
