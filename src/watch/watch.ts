import { type Frame, heartbeatOf } from "./frame.ts";

/** Where a watch's frames go: one stream of one client. */
export interface FrameSink {
  /** Takes a frame; not called again before the stream has taken it and `drained` was called. */
  send(frame: Frame, drained: () => void): void;
  /** The watch is over; no frame follows. */
  end(error: unknown): void;
}

/** What a client says it shows already. */
export interface KnownState {
  readonly epoch: number;
  readonly version: number;
}

/**
 * One live subscription. A stream that is not drained is skipped, and gets the
 * newest state when it drains: nothing waits here but the fact that it is late.
 */
export class Watch {
  readonly limit: number;
  readonly #sink: FrameSink;
  /** The stream has taken the last frame; false for good once the watch is over. */
  #isDrained = true;
  #isOver = false;
  /** The newest frame of the board and limit. */
  #newest: Frame | undefined;
  #sent: Frame | undefined;
  /** What the client shows until it is sent something. */
  #known: KnownState | undefined;

  constructor(limit: number, sink: FrameSink, known: KnownState | undefined) {
    this.limit = limit;
    this.#sink = sink;
    this.#known = known;
  }

  /** Something was sent. */
  get isBegun(): boolean {
    return this.#sent !== undefined;
  }

  /** Nothing was sent yet, and the client shows a later state than `frame`. */
  isAhead(frame: Frame): boolean {
    const known = this.#known;
    if (known === undefined) return false;
    if (known.epoch !== frame.epoch) return known.epoch > frame.epoch;
    return known.version > frame.version;
  }

  /** As `offer`, after another look showed that there is no later state than `frame`. */
  begin(frame: Frame): boolean {
    if (this.isAhead(frame)) this.#known = undefined;
    return this.offer(frame);
  }

  /** The newest state; true when it went out now, false when the stream was not drained or the client is ahead. */
  offer(frame: Frame): boolean {
    this.#newest = frame;
    if (!this.#isDrained || this.isAhead(frame)) return false;
    this.#send(frame);
    return true;
  }

  /** Nothing changed for a while; a stream that is busy hears of it by its frames. */
  beat(heartbeat: Frame): void {
    if (!this.#isDrained || !this.isBegun || this.#newest !== this.#sent) return;
    this.#isDrained = false;
    this.#sink.send(heartbeat, this.#drained);
  }

  /** Nothing is sent any more, though the stream may still drain. */
  stop(): void {
    this.#isOver = true;
    this.#isDrained = false;
  }

  end(error: unknown): void {
    this.stop();
    this.#sink.end(error);
  }

  #send(frame: Frame): void {
    const known = this.#known;
    this.#known = undefined;
    this.#sent = frame;
    this.#isDrained = false;
    const isKnown = known?.epoch === frame.epoch && known.version === frame.version;
    this.#sink.send(isKnown && frame.isShared ? heartbeatOf(frame) : frame, this.#drained);
  }

  readonly #drained = (): void => {
    if (this.#isOver) return;
    this.#isDrained = true;
    if (this.#newest && this.#newest !== this.#sent) this.#send(this.#newest);
  };
}
