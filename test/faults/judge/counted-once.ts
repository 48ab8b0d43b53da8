import { foldPoints } from "../../../src/model/standing.ts";
import type { LedgerEvent } from "../../ledger/ledger-tables.ts";
import { type BoardRules, type History, isAcknowledged, type Violation } from "./history.ts";

/**
 * Every acknowledged event is in the ledger exactly once and as it was sent;
 * every event in the ledger was sent; what was answered is what it made of the
 * player's scores.
 */
export function checkCountedOnce(history: History): Violation[] {
  return [...checkLedger(history), ...checkAcknowledgements(history)].map((what) => ({
    promise: "counted once",
    what,
  }));
}

function* checkLedger({ attempts, events }: History): Generator<string> {
  const sent = new Map(attempts.map(({ event }) => [event.actionId, event]));
  const seqs = new Map<string, number>();
  for (const { actionId, playerId, points, seq } of events) {
    const known = seqs.get(actionId);
    if (known !== undefined) yield `${actionId} is in the ledger twice: ${known} and ${seq}`;
    seqs.set(actionId, seq);
    const event = sent.get(actionId);
    if (event === undefined) yield `${actionId} is in the ledger and was never sent`;
    else if (event.playerId !== playerId || event.points !== points) {
      yield `${actionId} is in the ledger as ${points} of ${playerId}, not as it was sent`;
    }
  }
}

function* checkAcknowledgements({ attempts, events, boards }: History): Generator<string> {
  const ledger = new Map(events.map((event) => [event.actionId, event]));
  const scores = new Scores(boards, events);
  const news = new Map<string, number>();
  for (const { event, outcome, client } of attempts) {
    if (!isAcknowledged(outcome)) continue;
    const { actionId } = event;
    const row = ledger.get(actionId);
    if (row === undefined)
      yield `${actionId} was acknowledged to ${client} and is not in the ledger`;
    else if (row.seq !== outcome.seq) {
      yield `${actionId} was acknowledged as ${outcome.seq} and is ${row.seq} in the ledger`;
    } else if (!outcome.duplicate) {
      news.set(actionId, (news.get(actionId) ?? 0) + 1);
      for (const { boardId } of boards) {
        if (boardId in outcome.scores) continue;
        yield `${actionId} was answered without a score on ${boardId}`;
      }
      for (const [boardId, score] of Object.entries(outcome.scores)) {
        const [expected, ...later] = scores.after(boardId, row);
        // Who changed nothing is told the standing as it is, perhaps already a later one.
        if (score === expected?.score || (!expected?.isChange && has(later, score))) continue;
        yield `${actionId} was answered with ${score} on ${boardId}, and made it ${expected?.score}`;
      }
    }
  }
  for (const [actionId, count] of news) {
    if (count > 1) yield `${actionId} was acknowledged as new ${count} times`;
  }
}

interface Step {
  readonly seq: number;
  readonly score: number;
  readonly isChange: boolean;
}

function has(steps: readonly Step[], score: number): boolean {
  return steps.some((step) => step.score === score);
}

/** What each event made of its player's score, by the rules of each board. */
class Scores {
  readonly #steps = new Map<string, Step[]>();

  constructor(boards: readonly BoardRules[], events: readonly LedgerEvent[]) {
    for (const board of boards) {
      for (const { playerId, points, seq } of events) {
        const key = `${board.boardId} ${playerId}`;
        const steps = this.#steps.get(key) ?? [];
        this.#steps.set(key, steps);
        const before = steps.at(-1)?.score;
        const score = foldPoints(board, before, points);
        steps.push({ seq, score, isChange: score !== before });
      }
    }
  }

  /** The player's score after the event, and all that followed. */
  after(boardId: string, { playerId, seq }: LedgerEvent): readonly Step[] {
    const steps = this.#steps.get(`${boardId} ${playerId}`) ?? [];
    return steps.slice(steps.findIndex((step) => step.seq === seq));
  }
}
