import type { Client } from "@connectrpc/connect";
import type { Board } from "../gen/score/v1/admin_pb.js";
import type { ScoreService } from "../gen/score/v1/score_pb.js";
import { Backoff } from "./backoff.ts";
import type { Choice } from "./choice.ts";
import { RankMemory } from "./movement.ts";
import { Neighbours } from "./neighbours.ts";
import { type Headline, News } from "./news.ts";
import type { Presence } from "./presence.ts";
import { RaceHistory } from "./race-history.ts";
import { RateHistory } from "./rate-history.ts";
import { type Row, Rows } from "./rows.ts";
import { type Shown, watchBoard } from "./watch.ts";

const neighbourhood = 5;
/** An answer that takes longer is of no use: the next question is due, in ms. */
const answerMs = 5_000;

export interface BoardSessionOptions {
  readonly client: Client<typeof ScoreService>;
  readonly choice: Choice;
  readonly presence: Presence;
  /** Epoch ms. */
  readonly clock: () => number;
  /** Called whenever there is something new to draw. */
  readonly changed: () => void;
}

/** Everything that is known about the chosen board while it is watched, and the calls that find it out. */
export class BoardSession {
  readonly race = new RaceHistory();
  readonly rate = new RateHistory();
  readonly #options: BoardSessionOptions;
  readonly #stop = new AbortController();
  readonly #topRows = new Rows(new RankMemory("new"));
  readonly #news = new News();
  #aroundRows = new Rows(new RankMemory(undefined));
  #neighbours: Neighbours | undefined;
  #stopNeighbours = new AbortController();
  #me = "";
  #shown: Shown = {
    line: { state: "connecting" },
    frame: undefined,
    staleSince: undefined,
    changes: undefined,
  };
  /** Counts up when a chart has a new point. */
  pointsVersion = 0;
  boards: readonly Board[] = [];
  #isListing = false;
  headline: Headline | undefined;

  constructor(options: BoardSessionOptions) {
    this.#options = options;
    this.follow(options.choice.me);
  }

  get shown(): Shown {
    return this.#shown;
  }

  /** Watches until `close`. Rejects only for a defect of the page itself. */
  async run(): Promise<void> {
    const { client, choice, presence, clock } = this.#options;
    const { gameId, boardId, limit } = choice;
    await watchBoard({
      open: (known, signal) =>
        client.watchLeaderboard({ gameId, boardId, limit, ...known }, { signal }),
      show: (shown) => this.#take(shown),
      backoff: new Backoff(Math.random),
      presence,
      clock,
      signal: this.#stop.signal,
    });
  }

  /** Shows the neighbours of this player from now on; empty: of nobody. */
  follow(me: string): void {
    const { client, choice, changed } = this.#options;
    const { gameId, boardId } = choice;
    if (me === this.#me) return;
    this.#me = me;
    this.#stopNeighbours.abort();
    this.#stopNeighbours = new AbortController();
    this.#aroundRows = new Rows(new RankMemory(undefined));
    const request = { gameId, boardId, limit: neighbourhood, aroundPlayerId: me };
    this.#neighbours = me
      ? new Neighbours({
          ask: (signal) => client.getLeaderboard(request, { signal, timeoutMs: answerMs }),
          changed,
          signal: AbortSignal.any([this.#stop.signal, this.#stopNeighbours.signal]),
        })
      : undefined;
    this.tick();
  }

  /** To be called about once a second while somebody looks: time passes without frames, too. */
  tick(): void {
    const { line, frame } = this.#shown;
    if (line.state !== "live") return;
    const now = this.#options.clock();
    // While the line is live, no frame means that the shown scores are still so.
    if (frame && this.race.add(frame.entries, now)) this.pointsVersion += 1;
    this.#neighbours?.poke(now, false);
    if (this.boards.length === 0) void this.#list();
  }

  /** The rows of the top; undefined while there is no frame. */
  top(now: number): readonly Row[] | undefined {
    const rows = this.#shown.frame && this.#topRows.of(this.#shown.frame.entries, this.#me, now);
    this.headline = (rows && this.#news.of(rows, now)) ?? this.headline;
    return rows;
  }

  /** The rows around the spectator; empty when not on the board, undefined while not known. */
  around(now: number): readonly Row[] | undefined {
    const entries = this.#neighbours?.entries;
    return entries && this.#aroundRows.of(entries, this.#me, now);
  }

  close(): void {
    this.#stop.abort();
  }

  #take(shown: Shown): void {
    const { clock, changed } = this.#options;
    const { line, frame, changes } = shown;
    const wasLive = this.#shown.line.state === "live";
    const isNews = frame !== this.#shown.frame;
    this.#shown = shown;
    const now = clock();
    if (line.state === "live" && frame) {
      this.#neighbours?.poke(now, isNews);
      if (!wasLive) void this.#list();
      const isRacePoint = this.race.add(frame.entries, now);
      const isRatePoint = changes !== undefined && this.rate.add(changes, now);
      if (isRacePoint || isRatePoint) this.pointsVersion += 1;
    } else if (wasLive) {
      this.race.interrupt();
      this.rate.interrupt();
      this.pointsVersion += 1;
    }
    changed();
  }

  async #list(): Promise<void> {
    if (this.#isListing) return;
    this.#isListing = true;
    const { client, choice, changed } = this.#options;
    try {
      const request = { gameId: choice.gameId };
      const options = { signal: this.#stop.signal, timeoutMs: answerMs };
      this.boards = (await client.listBoards(request, options)).boards;
      changed();
    } catch {
      // The board itself is shown all the same; the next tick asks again.
    } finally {
      this.#isListing = false;
    }
  }
}
