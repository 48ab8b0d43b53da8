import type { WatchLeaderboardResponse } from "../../gen/score/v1/score_pb.js";
import type { Frame } from "../watch/frame.ts";
import { madeOnce } from "./made-once.ts";
import { fromFrame } from "./messages.ts";

/** At most one frame waits: the hub sends the next when this one was taken. */
export class FrameQueue implements AsyncIterable<WatchLeaderboardResponse> {
  #frame: { readonly frame: Frame; readonly drained: () => void } | undefined;
  #ending: { readonly error?: unknown } | undefined;
  #wake = () => {};

  send(frame: Frame, drained: () => void): void {
    this.#frame = { frame, drained };
    this.#wake();
  }

  end(error: unknown): void {
    this.#ending = { error };
    this.#wake();
  }

  stop(): void {
    this.#ending ??= {};
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchLeaderboardResponse> {
    for (;;) {
      const waiting = this.#frame;
      this.#frame = undefined;
      if (waiting) {
        // Comes back when the stream has taken the message.
        yield messageOf(waiting.frame);
        waiting.drained();
      } else if (this.#ending) {
        if ("error" in this.#ending) throw this.#ending.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}

const messageOf = madeOnce(fromFrame);
