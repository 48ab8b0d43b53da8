import { BoardModel } from "../../ledger/board-model.ts";
import type { LedgerEvent } from "../../ledger/ledger-tables.ts";
import { firstDifference } from "./exact-order.ts";
import type { BoardRules, FaultSpan, History, SeenState, Violation } from "./history.ts";

/**
 * No watcher ever saw an older state after a newer one, by its version and by
 * what it showed, also across its connections; and each saw the final state.
 *
 * But while several parts fail at once, an instance may show what it has
 * committed and can't place, and then fall silent: whoever connects to another
 * sees that only when it is back or given up.
 */
export function checkNeverOlder(history: History): Violation[] {
  return [...checkWatchers(history)].map((what) => ({ promise: "never older", what }));
}

function* checkWatchers({ boards, states, events, faults }: History): Generator<string> {
  const watchers = Map.groupBy(states, ({ watcher, boardId }) => `${watcher} of ${boardId}`);
  for (const [name, seen] of watchers) {
    const board = boards.find(({ boardId }) => boardId === seen[0]?.boardId);
    if (board === undefined) continue;
    yield* prefixed(name, checkVersions(seen));
    for (const part of unbroken(seen, faults)) {
      yield* prefixed(name, checkContent(board, part, events));
    }
    yield* prefixed(name, checkFinal(board, seen, events));
  }
}

/** Cut where a watcher connected again while several parts failed at once. */
function unbroken(
  seen: readonly SeenState[],
  faults: readonly FaultSpan[],
): readonly (readonly SeenState[])[] {
  const mixed = faults.filter(({ isMixed }) => isMixed);
  const parts: SeenState[][] = [];
  for (const [index, state] of seen.entries()) {
    const isCut =
      state.stream !== seen[index - 1]?.stream &&
      mixed.some(({ from, until }) => from <= state.at && state.at <= until);
    if (index === 0 || isCut) parts.push([]);
    parts.at(-1)?.push(state);
  }
  return parts;
}

function* checkVersions(seen: readonly SeenState[]): Generator<string> {
  for (const [index, state] of seen.entries()) {
    const last = seen[index - 1];
    if (last === undefined || last.stream !== state.stream) continue;
    const isOlder =
      state.epoch < last.epoch || (state.epoch === last.epoch && state.version < last.version);
    if (isOlder) {
      yield `version ${state.epoch}/${state.version} came after ${last.epoch}/${last.version}`;
    }
  }
}

/** A player's score on a board moves only as the board's rules let it. */
function* checkContent(
  board: BoardRules,
  seen: readonly SeenState[],
  events: readonly LedgerEvent[],
): Generator<string> {
  const progress = new Progress(board, events);
  let totalPlayers = 0;
  for (const state of seen) {
    if (state.totalPlayers < totalPlayers) {
      yield `${state.totalPlayers} players came after ${totalPlayers} ${whereOf(state)}`;
    }
    totalPlayers = state.totalPlayers;
    for (const [index, { rank, playerId, score }] of state.entries.entries()) {
      if (rank !== index + 1) yield `rank ${rank} stood at place ${index + 1}`;
      const before = progress.see(playerId, score);
      if (before !== undefined) yield `${playerId} had ${score} after ${before} ${whereOf(state)}`;
      const above = state.entries[index - 1];
      const sign = board.direction === "descending" ? 1 : -1;
      if (above && sign * (score - above.score) > 0) {
        yield `${score} of ${playerId} stood below ${above.score}`;
      }
    }
  }
}

function whereOf({ epoch, version, stream, at }: SeenState): string {
  return `(version ${epoch}/${version} of stream ${stream} at ${Math.round(at)} ms)`;
}

/** How far a watcher has seen each player come. */
class Progress {
  /** The scores that a player had on the board, one after the other. */
  readonly #scores = new Map<string, number[]>();
  /** The least step that explains what was seen. */
  readonly #steps = new Map<string, number>();

  constructor(board: BoardRules, events: readonly LedgerEvent[]) {
    const model = new BoardModel(board);
    for (const event of events) {
      const { score } = model.add(event);
      const scores = this.#scores.get(event.playerId);
      if (scores) scores.push(score);
      else this.#scores.set(event.playerId, [score]);
    }
  }

  /** Undefined when the score may be seen now; else what was seen last. */
  see(playerId: string, score: number): number | undefined {
    const scores = this.#scores.get(playerId) ?? [];
    const last = this.#steps.get(playerId);
    const step = scores.indexOf(score, last);
    // What went back is told once: from there on it goes forward again.
    this.#steps.set(playerId, step < 0 ? Math.max(0, scores.indexOf(score)) : step);
    if (step >= 0) return undefined;
    return last === undefined ? Number.NaN : scores[last];
  }
}

function* checkFinal(
  board: BoardRules,
  seen: readonly SeenState[],
  events: readonly LedgerEvent[],
): Generator<string> {
  const last = seen.at(-1);
  if (last === undefined) return;
  const ranked = new BoardModel(board, events).ranked();
  const expected = ranked
    .slice(0, last.limit)
    .map((row, n) => `${n + 1} ${row.playerId} ${row.score}`);
  const shown = last.entries.map((row) => `${row.rank} ${row.playerId} ${row.score}`);
  const difference = firstDifference(expected, shown);
  if (difference) yield `the last state is not the final one: ${difference}`;
  if (last.totalPlayers !== ranked.length) {
    yield `the last state has ${last.totalPlayers} players instead of ${ranked.length}`;
  }
}

function* prefixed(name: string, lines: Iterable<string>): Generator<string> {
  for (const line of lines) yield `${name}: ${line}`;
}
