import { isDeepStrictEqual } from "node:util";
import { isScoreError } from "../../src/model/score-error.ts";
import type { Frame } from "../../src/watch/frame.ts";
import type { FrameSink, KnownState } from "../../src/watch/watch.ts";
import type { Schedule } from "./schedule.ts";

interface WatcherOptions {
  readonly schedule: Schedule;
  readonly complain: (what: string) => void;
  /** Joins a hub. */
  readonly join: (sink: FrameSink, known: KnownState | undefined) => Promise<() => void>;
  /** What it should show in the end. */
  readonly truth: () => Pick<Frame, "totalPlayers"> & { readonly standings: Frame["entries"] };
  /** What the client shows when it comes; undefined when it is new. */
  readonly shown: Frame | undefined;
}

/** One client that watches a board, and complains of what it must not be sent. */
export class Watcher implements FrameSink {
  readonly #options: WatcherOptions;
  /** What its user sees. */
  shown: Frame | undefined;
  state: "joining" | "watching" | "left" | "ended" = "joining";
  isStalled = false;
  /** Why it ended. */
  ending: unknown;
  /** The last frame with a state. */
  #sent: Frame | undefined;
  /** Says that the stream took its frame; undefined while none waits. */
  #drained: (() => void) | undefined;
  #leave: (() => void) | undefined;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.shown = options.shown;
  }

  /** What the user sees is the board as it is. */
  get showsNewest(): boolean {
    const { standings, totalPlayers } = this.#options.truth();
    return (
      this.shown?.totalPlayers === totalPlayers && isDeepStrictEqual(this.shown.entries, standings)
    );
  }

  async join(): Promise<void> {
    try {
      this.#leave = await this.#options.join(this, this.shown);
      if (this.state === "joining") this.state = "watching";
      else if (this.state === "left") this.#leave();
    } catch (error) {
      if (!isScoreError(error)) this.#options.complain(`could not join: ${error}`);
      if (this.state === "ended") this.#options.complain("ended before it could not join");
      this.state = "ended";
    }
  }

  send(frame: Frame, drained: () => void): void {
    const { schedule, complain } = this.#options;
    if (this.state === "ended") complain("a frame after the end");
    if (this.state === "left" && this.#leave) complain("a frame after it left");
    if (this.#drained) complain("a second frame waits");
    if (!frame.heartbeat) this.#show(frame);
    else if (this.shown === undefined) complain("a heartbeat before any frame");
    this.#drained = drained;
    void schedule.turn("drained").then(() => this.isStalled || this.#drain());
  }

  end(error: unknown): void {
    if (this.state === "ended") this.#options.complain("ended twice");
    if (!isScoreError(error)) this.#options.complain(`ended by ${error}`);
    this.state = "ended";
    this.ending = error;
  }

  /** Before it has joined nobody hears of it: then as soon as that is done. */
  leave(): void {
    if (this.state === "ended") return;
    this.state = "left";
    this.#leave?.();
  }

  readOn(): void {
    this.isStalled = false;
    this.#drain();
  }

  #drain(): void {
    const drained = this.#drained;
    this.#drained = undefined;
    drained?.();
  }

  #show(frame: Frame): void {
    const last = this.#sent;
    const isAfter =
      last === undefined ||
      frame.epoch > last.epoch ||
      (frame.epoch === last.epoch && frame.version > last.version);
    if (!isAfter) this.#options.complain(`went back: ${JSON.stringify([last, frame])}`);
    this.#sent = frame;
    this.shown = frame;
  }
}
