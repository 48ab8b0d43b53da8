import assert from "node:assert/strict";
import type { LedgerEvent } from "../../ledger/ledger-tables.ts";
import type {
  Acknowledgement,
  Attempt,
  History,
  Misuse,
  Read,
  Refusal,
  SeenState,
} from "./history.ts";
import { judge } from "./judge.ts";

export const ada = { actionId: "a1", playerId: "ada", points: 5, seq: 1 };
export const bob = { actionId: "a2", playerId: "bob", points: 5, seq: 2 };
export const more = { actionId: "a3", playerId: "bob", points: 2, seq: 3 };

export const asNew = (event: LedgerEvent, score: number): Attempt =>
  attempt(event, { duplicate: false, seq: event.seq, scores: { main: score } });

export function attempt(
  { actionId, playerId, points }: LedgerEvent,
  outcome: Acknowledgement | Refusal,
  sentAt = 100,
): Attempt {
  const event = { actionId, playerId, points };
  return { client: "c1", isStreamed: false, event, sentAt, answeredAt: sentAt + 5, outcome };
}

export function state(
  version: number,
  rows: readonly [string, number][],
  more: Partial<SeenState> = {},
) {
  const entries = rows.map(([playerId, score], index) => ({ rank: index + 1, playerId, score }));
  const [watcher, boardId] = ["w1", "main"];
  const place = { watcher, stream: 1, boardId, limit: 10, at: version, epoch: 1 };
  return { ...place, version, totalPlayers: rows.length, entries, ...more };
}

export const unavailable: Refusal = {
  code: "Unavailable",
  reason: "LEDGER_UNAVAILABLE",
  saysWhen: true,
};
export const lost: Refusal = { code: "Unavailable", reason: undefined, saysWhen: false };
export const unauthenticated: Refusal = {
  code: "Unauthenticated",
  reason: "UNAUTHENTICATED",
  saysWhen: false,
};

export function misused(refusal: Refusal | undefined, sentAt: number): Misuse {
  const deserves = { code: "Unauthenticated", reason: "UNAUTHENTICATED" };
  return { what: "a forged token", sentAt, answeredAt: sentAt + 5, deserves, refusal };
}

export function read(more: Partial<Read>): Read {
  return {
    ...{ what: "the top", boardId: "main", playerId: undefined, isStreamed: false },
    ...{ sentAt: 100, answeredAt: 105, refusal: undefined },
    entries: [{ rank: 1, playerId: "ada", score: 5 }],
    ...more,
  };
}

export const final = state(3, [
  ["bob", 7],
  ["ada", 5],
]);

/** Nothing is wrong with it. */
export const clean: History = {
  boards: [{ boardId: "main", aggregation: "sum", direction: "descending" }],
  attempts: [asNew(ada, 5), asNew(bob, 5), asNew(more, 7)],
  participants: [
    { role: "client", name: "c1" },
    { role: "watcher", name: "w1", boardId: "main" },
    { role: "reader", name: "r1" },
    { role: "cheater", name: "x1" },
  ],
  misuses: [misused(unauthenticated, 100)],
  reads: [read({})],
  states: [
    state(1, [["ada", 5]]),
    state(2, [
      ["ada", 5],
      ["bob", 5],
    ]),
    final,
  ],
  faults: [
    { fault: "the ledger rests", tolerates: "ledger", isMixed: false, from: 1_000, until: 2_000 },
  ],
  events: [ada, bob, more],
  standings: [
    { boardId: "main", playerId: "ada", score: 5, seq: 1 },
    { boardId: "main", playerId: "bob", score: 7, seq: 3 },
  ],
  rankings: [
    {
      source: "Redis",
      boardId: "main",
      entries: [
        { playerId: "bob", score: 7 },
        { playerId: "ada", score: 5 },
      ],
    },
  ],
  healings: [{ fault: "the ledger rests", ms: 12, wrong: undefined }],
  complaints: [],
};

/** The clean history with `refusal` before the last acknowledgement. */
export const refused = (refusal: Refusal, sentAt: number): History => ({
  ...clean,
  attempts: [asNew(ada, 5), asNew(bob, 5), attempt(more, refusal, sentAt), asNew(more, 7)],
});

export function assertClean(history: History): void {
  assert.deepEqual(judge(history), []);
}

export function assertFound(history: History, what: RegExp): void {
  const found = judge(history).map((violation) => `${violation.promise}: ${violation.what}`);
  assert.ok(
    found.some((line) => what.test(line)),
    `${what} in ${JSON.stringify(found)}`,
  );
}
