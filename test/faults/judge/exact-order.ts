import { BoardModel } from "../../ledger/board-model.ts";
import { type History, isOfTop, type Violation } from "./history.ts";

/**
 * Each total equals its events, each ranking is the ledger's order to the last
 * tie, and what was read stood there at some time, in order.
 */
export function checkExactOrder(history: History): Violation[] {
  const found = [...checkBoards(history), ...checkReads(history)];
  return found.map((what) => ({ promise: "exact order", what }));
}

function* checkReads({ boards, events, reads }: History): Generator<string> {
  for (const board of boards) {
    const sign = board.direction === "descending" ? 1 : -1;
    const scores = new Map<string, Set<number>>();
    const model = new BoardModel(board);
    for (const event of events) {
      const reached = scores.get(event.playerId) ?? new Set();
      scores.set(event.playerId, reached.add(model.add(event).score));
    }
    for (const read of reads.filter(({ boardId }) => boardId === board.boardId)) {
      const { what, entries } = read;
      for (const [index, { rank, playerId, score }] of entries.entries()) {
        if (!scores.get(playerId)?.has(score)) {
          yield `${what} showed ${playerId} with ${score}, which never was`;
        }
        if (isOfTop(read) && rank !== index + 1)
          yield `${what} showed rank ${rank} at place ${index + 1}`;
        const above = entries[index - 1];
        if (above && sign * (score - above.score) > 0) {
          yield `${what} showed ${score} of ${playerId} below ${above.score}`;
        }
      }
    }
  }
}

function* checkBoards({ boards, events, standings, rankings }: History): Generator<string> {
  for (const board of boards) {
    const { boardId } = board;
    const expected = new BoardModel(board, events).ranked();
    const places = expected.map(({ playerId, score, seq }) => `${playerId} ${score} @${seq}`);
    const rows = standings
      .filter((row) => row.boardId === boardId)
      .map(({ playerId, score, seq }) => `${playerId} ${score} @${seq}`);
    const difference = firstDifference(places.toSorted(), rows.toSorted());
    if (difference) yield `the standings of ${boardId} are not those of its events: ${difference}`;
    const order = expected.map(({ playerId, score }) => `${playerId} ${score}`);
    for (const { source, entries } of rankings.filter((ranking) => ranking.boardId === boardId)) {
      const shown = entries.map(({ playerId, score }) => `${playerId} ${score}`);
      const wrong = firstDifference(order, shown);
      if (wrong) yield `${boardId} in ${source} is not the ledger's order: ${wrong}`;
    }
  }
}

/** The first place where two lists differ, in words; undefined when they are alike. */
export function firstDifference(
  expected: readonly string[],
  found: readonly string[],
): string | undefined {
  const length = Math.max(expected.length, found.length);
  for (let index = 0; index < length; index += 1) {
    if (expected[index] !== found[index]) {
      return `at ${index + 1} of ${expected.length} is ${found[index]} instead of ${expected[index]}`;
    }
  }
  return undefined;
}
