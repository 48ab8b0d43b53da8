import type { Ledger } from "../ledger/ledger.ts";
import type { Clock } from "../model/clock.ts";
import type { Board } from "../model/game.ts";
import { ScoreError } from "../model/score-error.ts";
import type { Standing } from "../model/standing.ts";
import type { Timers } from "../model/timers.ts";
import type { Expected } from "./holdings.ts";
import { Pace } from "./pace.ts";
import type { Comparison, Ranking, RankingState, ScanCursor } from "./ranking.ts";
import { differenceOf, type RankingDifference } from "./ranking-difference.ts";

/** Standings compared in one step: 2 ms of an embedded ledger, which does one thing at a time. */
const stepStandings = 250;

/** A commit is in the ranking within this many ms, or else the ranking is behind. */
const graceMs = 1_000;

/** Players who wait together for `graceMs` to pass, so that a board that is all wrong does not take for ever. */
const maxSuspects = 20_000;

/** How far a check is. */
export interface CheckProgress {
  /** The ledger's players that were compared. */
  readonly playersChecked: number;
  /** The places in the ranking. */
  readonly totalPlayers: number;
  /** Found since the last time. */
  readonly differences: readonly RankingDifference[];
}

interface CheckOptions {
  readonly board: Board;
  readonly ledger: Ledger;
  /** Asks the ranking; rejects when it is not, or not yet, the ledger's state. */
  readonly read: <T extends RankingState>(query: (ranking: Ranking) => Promise<T>) => Promise<T>;
  readonly now: Clock;
  readonly timers: Timers;
  /** Ends the check between two steps. */
  readonly signal: AbortSignal;
}

/**
 * Compares a board's ranking with the ledger while both change: first every
 * standing by digests of some hundred, then, unless the numbers add up, all
 * that the ranking holds. Rejects `ranking_unavailable` when the ranking is
 * out of reach, or another one took its place.
 */
export class RankingCheck {
  readonly #options: CheckOptions;
  /** Players who seem to differ, with their standing in the ledger `graceMs` before they are judged. */
  readonly #suspects = new Map<string, Expected>();
  #differences: RankingDifference[] = [];
  #playersChecked = 0;
  #totalPlayers = 0;
  /** The ledger's players whom the ranking holds as it should. */
  #right = 0;
  /** Of the ranking that is checked; undefined before the first read. */
  #epoch: number | undefined;

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  /** Comes back after each step. */
  async *run(): AsyncGenerator<CheckProgress> {
    const { now, timers, signal } = this.#options;
    const pace = new Pace(now, timers);
    if (signal.aborted) return;
    for await (const _ of this.#steps()) {
      if (signal.aborted) return;
      yield this.#progress();
      await pace.rest();
    }
    yield this.#progress();
  }

  #progress(): CheckProgress {
    const differences = this.#differences;
    this.#differences = [];
    return {
      playersChecked: this.#playersChecked,
      totalPlayers: this.#totalPlayers,
      differences,
    };
  }

  async *#steps(): AsyncGenerator<void> {
    yield* this.#compareAll();
    yield* this.#judgeSuspects();
    const { players, places } = await this.#compare([]);
    if (players === this.#right && places === this.#right) return;
    yield* this.#scan();
    yield* this.#judgeSuspects();
  }

  async *#compareAll(): AsyncGenerator<void> {
    const { board, ledger } = this.#options;
    for (let after: string | undefined; ; ) {
      const page = await ledger.standings.page(board, after, stepStandings);
      const expected = page.standings.map((standing) => ({
        playerId: standing.playerId,
        standing,
      }));
      const { held } = await this.#compare(expected);
      for (const [index, one] of expected.entries()) {
        if (held && differenceOf(one, held[index], one.standing)) this.#suspect(one);
        else this.#right += 1;
      }
      this.#playersChecked += expected.length;
      yield;
      if (this.#suspects.size >= maxSuspects) yield* this.#judgeSuspects();
      after = page.next;
      if (after === undefined) return;
    }
  }

  /** What the ranking may hold too much. */
  async *#scan(): AsyncGenerator<void> {
    const { board } = this.#options;
    for (let cursor: ScanCursor | undefined; ; ) {
      const { playerIds, strays, next } = await this.#read((r) => r.scan(board, cursor));
      const ids = [...playerIds, ...strays.map(({ playerId }) => playerId)];
      const known = await this.#standings(ids);
      for (const playerId of playerIds) {
        if (!known.has(playerId)) this.#suspect({ playerId, standing: undefined });
      }
      for (const { playerId, score, seq } of strays) {
        const ranking = { playerId, score, seq, version: 0, updatedAt: 0, displayName: undefined };
        const standing = known.get(playerId);
        const kind = "surplus";
        this.#differences.push({ playerId, kind, fields: [], ledger: standing, ranking });
      }
      yield;
      if (this.#suspects.size >= maxSuspects) yield* this.#judgeSuspects();
      cursor = next;
      if (cursor === undefined) return;
    }
  }

  /** Between the two reads of the ledger the ranking must have been somewhere between their versions. */
  async *#judgeSuspects(): AsyncGenerator<void> {
    const { timers, signal } = this.#options;
    const suspects = [...this.#suspects.values()];
    this.#suspects.clear();
    if (suspects.length === 0) return;
    await timers.sleep(graceMs, signal).catch(() => {});
    for (let at = 0; at < suspects.length && !signal.aborted; at += stepStandings) {
      const step = suspects.slice(at, at + stepStandings);
      const { held } = await this.#compare(step);
      const later = await this.#standings(step.map(({ playerId }) => playerId));
      for (const [index, one] of step.entries()) {
        const difference = held && differenceOf(one, held[index], later.get(one.playerId));
        if (difference) this.#differences.push(difference);
        else if (one.standing) this.#right += 1;
      }
      yield;
    }
  }

  #suspect(expected: Expected): void {
    this.#suspects.set(expected.playerId, expected);
  }

  async #standings(playerIds: readonly string[]): Promise<ReadonlyMap<string, Standing>> {
    const { board, ledger } = this.#options;
    const found = await ledger.standings.ofPlayers(board, playerIds);
    return new Map(found.map((standing) => [standing.playerId, standing]));
  }

  async #compare(expected: readonly Expected[]): Promise<Comparison> {
    const { board } = this.#options;
    const comparison = await this.#read((ranking) => ranking.compare(board, expected));
    this.#totalPlayers = comparison.places;
    return comparison;
  }

  async #read<T extends RankingState>(query: (ranking: Ranking) => Promise<T>): Promise<T> {
    const { board, read } = this.#options;
    const reply = await read(query);
    this.#epoch ??= reply.epoch;
    if (reply.epoch === this.#epoch) return reply;
    const message = `the ranking of ${board.boardId} was rebuilt meanwhile`;
    throw new ScoreError("ranking_unavailable", message, { retryAfterMs: 1_000 });
  }
}
