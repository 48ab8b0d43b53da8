import assert from "node:assert/strict";
import { describe, it } from "node:test";
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

const ada = { actionId: "a1", playerId: "ada", points: 5, seq: 1 };
const bob = { actionId: "a2", playerId: "bob", points: 5, seq: 2 };
const more = { actionId: "a3", playerId: "bob", points: 2, seq: 3 };

const asNew = (event: LedgerEvent, score: number): Attempt =>
  attempt(event, { duplicate: false, seq: event.seq, scores: { main: score } });

function attempt(
  { actionId, playerId, points }: LedgerEvent,
  outcome: Acknowledgement | Refusal,
  sentAt = 100,
): Attempt {
  const event = { actionId, playerId, points };
  return { client: "c1", isStreamed: false, event, sentAt, answeredAt: sentAt + 5, outcome };
}

function state(version: number, rows: readonly [string, number][], more: Partial<SeenState> = {}) {
  const entries = rows.map(([playerId, score], index) => ({ rank: index + 1, playerId, score }));
  const [watcher, boardId] = ["w1", "main"];
  const place = { watcher, stream: 1, boardId, limit: 10, at: version, epoch: 1 };
  return { ...place, version, totalPlayers: rows.length, entries, ...more };
}

const unavailable: Refusal = {
  code: "Unavailable",
  reason: "LEDGER_UNAVAILABLE",
  saysWhen: true,
};
const lost: Refusal = { code: "Unavailable", reason: undefined, saysWhen: false };
const unauthenticated: Refusal = {
  code: "Unauthenticated",
  reason: "UNAUTHENTICATED",
  saysWhen: false,
};

function misused(refusal: Refusal | undefined, sentAt: number): Misuse {
  const deserves = { code: "Unauthenticated", reason: "UNAUTHENTICATED" };
  return { what: "a forged token", sentAt, answeredAt: sentAt + 5, deserves, refusal };
}

function read(more: Partial<Read>): Read {
  return {
    ...{ what: "the top", boardId: "main", isStreamed: false, isTop: true },
    ...{ sentAt: 100, answeredAt: 105, refusal: undefined },
    entries: [{ rank: 1, playerId: "ada", score: 5 }],
    ...more,
  };
}

const final = state(3, [
  ["bob", 7],
  ["ada", 5],
]);

/** Nothing is wrong with it. */
const clean: History = {
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
const refused = (refusal: Refusal, sentAt: number): History => ({
  ...clean,
  attempts: [asNew(ada, 5), asNew(bob, 5), attempt(more, refusal, sentAt), asNew(more, 7)],
});

function assertClean(history: History): void {
  assert.deepEqual(judge(history), []);
}

function assertFound(history: History, what: RegExp): void {
  const found = judge(history).map((violation) => `${violation.promise}: ${violation.what}`);
  assert.ok(
    found.some((line) => what.test(line)),
    `${what} in ${JSON.stringify(found)}`,
  );
}

describe("the judge", () => {
  it("finds nothing in a history that keeps every promise", () => {
    assertClean(clean);
    assertClean(refused(unavailable, 1_500));
    assertClean({
      ...clean,
      misuses: [misused(unauthenticated, 100), misused(unavailable, 1_500)],
    });
    const again: Acknowledgement = { duplicate: true, seq: 3, scores: { main: 99 } };
    assertClean({ ...clean, attempts: [...clean.attempts, attempt(more, again)] });
  });

  describe("finds that an event was not counted once:", () => {
    it("acknowledged and lost", () => {
      const without = { ...clean, events: [ada, bob] };
      assertFound(without, /^counted once: a3 was acknowledged to c1 and is not in the ledger/);
    });
    it("in the ledger twice", () => {
      const twice = { ...clean, events: [...clean.events, { ...more, seq: 4 }] };
      assertFound(twice, /^counted once: a3 is in the ledger twice: 3 and 4/);
    });
    it("in the ledger and never sent", () => {
      const foreign = { ...more, actionId: "a4", seq: 4 };
      assertFound({ ...clean, events: [...clean.events, foreign] }, /a4 .* was never sent/);
    });
    it("in the ledger with other content", () => {
      assertFound({ ...clean, events: [ada, bob, { ...more, points: 3 }] }, /a3 .* as 3 of bob/);
    });
    it("acknowledged as new twice", () => {
      const attempts = [...clean.attempts, asNew(more, 7)];
      assertFound({ ...clean, attempts }, /a3 was acknowledged as new 2 times/);
    });
    it("acknowledged under another number", () => {
      const attempts = [asNew(ada, 5), asNew(bob, 5), asNew({ ...more, seq: 9 }, 7)];
      assertFound({ ...clean, attempts }, /a3 was acknowledged as 9 and is 3/);
    });
    it("answered without the score that it made", () => {
      const silent = attempt(more, { duplicate: false, seq: 3, scores: {} });
      const attempts = [asNew(ada, 5), asNew(bob, 5), silent];
      assertFound({ ...clean, attempts }, /a3 was answered without a score on main/);
    });
    it("answered with a score that it did not make", () => {
      const attempts = [asNew(ada, 5), asNew(bob, 5), asNew(more, 9)];
      assertFound({ ...clean, attempts }, /a3 was answered with 9 on main, and made it 7/);
    });
  });

  describe("finds that a run proves less than it should:", () => {
    it("not all was well soon after a fault", () => {
      const healing = { fault: "the ledger rests", ms: 30_001, wrong: "main in Redis differs" };
      const late = { ...clean, healings: [...clean.healings, healing] };
      assertFound(late, /^well again: 30001 ms after the ledger rests was over: main in Redis/);
    });
    it("an instance complained", () => {
      const complaints = [{ source: "instance 1", what: '{"level":50}' }];
      assertFound({ ...clean, complaints }, /^quiet log: instance 1: {"level":50}/);
    });
    it("a watcher saw nothing, and others got nothing to judge", () => {
      assertFound({ ...clean, states: [] }, /^put to the test: the watcher w1 of main got nothing/);
      assertFound({ ...clean, attempts: [] }, /the client c1 got nothing to judge/);
      assertFound({ ...clean, reads: [] }, /the reader r1 got nothing to judge/);
      assertFound({ ...clean, misuses: [] }, /the cheater x1 got nothing to judge/);
    });
  });

  describe("finds that the order is not exact:", () => {
    it("a total that is not its events'", () => {
      const [first, second] = clean.standings;
      assert.ok(first && second);
      const standings = [first, { ...second, score: 8 }];
      assertFound({ ...clean, standings }, /^exact order: the standings of main .* bob 8 @3/);
    });
    it("a standing that is missing", () => {
      assertFound({ ...clean, standings: clean.standings.slice(1) }, /standings of main/);
    });
    it("a tie the wrong way round", () => {
      const entries = [
        { playerId: "bob", score: 5 },
        { playerId: "ada", score: 5 },
      ];
      const rankings = [{ source: "Redis", boardId: "main", entries }];
      const tied = { ...clean, attempts: clean.attempts.slice(0, 2), events: [ada, bob], rankings };
      assertFound(tied, /main in Redis is not the ledger's order: at 1 of 2 is bob 5/);
    });
    it("a read of a score that never was", () => {
      const reads = [read({ entries: [{ rank: 1, playerId: "ada", score: 6 }] })];
      assertFound({ ...clean, reads }, /the top showed ada with 6, which never was/);
    });
    it("a read whose rows are upside down, or whose ranks are not their places", () => {
      const entries = [
        { rank: 1, playerId: "ada", score: 5 },
        { rank: 3, playerId: "bob", score: 7 },
      ];
      const history = { ...clean, reads: [read({ entries })] };
      assertFound(history, /the top showed 7 of bob below 5/);
      assertFound(history, /the top showed rank 3 at place 2/);
    });
    it("a player that the ranking lacks, or has beyond", () => {
      const [ranking] = clean.rankings;
      assert.ok(ranking);
      const less = { ...ranking, entries: ranking.entries.slice(0, 1) };
      assertFound({ ...clean, rankings: [less] }, /at 2 of 2 is undefined/);
      const beyond = { ...ranking, entries: [...ranking.entries, { playerId: "eve", score: 1 }] };
      assertFound({ ...clean, rankings: [beyond] }, /at 3 of 2 is eve 1/);
    });
  });

  describe("finds that a watcher saw something older:", () => {
    it("by its version", () => {
      const states = [state(4, [["ada", 5]]), final];
      assertFound({ ...clean, states }, /^never older: w1 of main: version 1\/3 came after 1\/4/);
    });
    it("by its epoch", () => {
      const states = [state(1, [["ada", 5]], { epoch: 2 }), final];
      assertFound({ ...clean, states }, /version 1\/3 came after 2\/1/);
    });
    it("by a score, also after it connected again", () => {
      const before = state(2, [
        ["bob", 7],
        ["ada", 5],
      ]);
      const after = state(
        1,
        [
          ["ada", 5],
          ["bob", 5],
        ],
        { stream: 2 },
      );
      const history = { ...clean, states: [before, after, final] };
      assertFound(history, /bob had 5 after 7/);
      const mixed = {
        fault: "all",
        tolerates: "network" as const,
        isMixed: true,
        from: 0,
        until: 9,
      };
      assertClean({ ...history, faults: [mixed] });
      const states = [before, { ...after, stream: 1 }, final];
      assertFound({ ...history, states, faults: [mixed] }, /bob had 5 after 7/);
    });
    it("by a score that never was", () => {
      assertFound({ ...clean, states: [state(1, [["ada", 6]]), final] }, /ada had 6 after NaN/);
    });
    it("by the number of players", () => {
      const states = [state(1, [["ada", 5]], { totalPlayers: 3 }), final];
      assertFound({ ...clean, states }, /2 players came after 3/);
    });
    it("by rows in the wrong order", () => {
      const upsideDown = state(2, [
        ["ada", 5],
        ["bob", 7],
      ]);
      assertFound({ ...clean, states: [upsideDown, final] }, /7 of bob stood below 5/);
    });
    it("by a rank that is not its place", () => {
      const states = [state(1, [], { entries: [{ rank: 2, playerId: "ada", score: 5 }] }), final];
      assertFound({ ...clean, states }, /w1 of main: rank 2 stood at place 1/);
    });
    it("by the number of players in the end", () => {
      const states = [...clean.states.slice(0, 2), { ...final, totalPlayers: 9 }];
      assertFound({ ...clean, states }, /the last state has 9 players instead of 2/);
    });
    it("by not seeing the final state", () => {
      const states = clean.states.slice(0, 2);
      assertFound(
        { ...clean, states },
        /the last state is not the final one: at 1 of 2 is 1 ada 5/,
      );
    });
  });

  describe("finds that a refusal was not right:", () => {
    it("while nothing explained it", () => {
      assertFound(refused(unavailable, 100), /^right refusal: a3 of c1 .* while nothing explained/);
    });
    it("without an answer while only the ledger rested", () => {
      assertFound(refused(lost, 1_500), /a3 of c1 .* while no answer could get lost/);
    });
    it("of a call while only streams could break", () => {
      const faults = [
        { fault: "restart", tolerates: "streams" as const, isMixed: false, from: 0, until: 9_000 },
      ];
      const history = { ...refused(lost, 100), faults };
      assertFound(history, /a3 of c1 .* while no answer could get lost/);
      const attempts = history.attempts.map((each) => ({ ...each, isStreamed: true }));
      assertClean({ ...history, attempts });
    });
    it("with a code that does not fit", () => {
      const strange = { code: "DataLoss", reason: undefined, saysWhen: false };
      const faults = [
        { fault: "cut", tolerates: "network" as const, isMixed: false, from: 0, until: 9_000 },
      ];
      assertFound({ ...refused(strange, 100), faults }, /refused as DataLoss \(no answer\)/);
      const internal = { code: "Internal", reason: "INTERNAL", saysWhen: false };
      assertFound({ ...refused(internal, 100), faults }, /refused as Internal INTERNAL/);
      assertFound(refused({ ...unavailable, code: "Aborted" }, 1_500), /refused as Aborted/);
      const denied = { ...unavailable, code: "NotFound", reason: "UNKNOWN_GAME" };
      assertFound(refused(denied, 1_500), /refused as NotFound UNKNOWN_GAME/);
    });
    it("without a time to try again", () => {
      const silent = { ...unavailable, saysWhen: false };
      assertFound(refused(silent, 1_500), /without a time to try again/);
    });
    it("and never accepted afterwards", () => {
      const history = refused(unavailable, 1_500);
      const attempts = history.attempts.slice(0, 3);
      assertFound(
        { ...history, attempts, events: [ada, bob] },
        /a3 was refused and never accepted/,
      );
    });
    it("of a read while nothing explained it", () => {
      const reads = [...clean.reads, read({ refusal: unavailable, entries: [] })];
      assertFound({ ...clean, reads }, /the top was refused .* while nothing explained it/);
    });
    it("of a watch that ended, but where open streams may break", () => {
      const watch = read({ what: "a watch", isStreamed: true, refusal: lost, entries: [] });
      const ended = { ...clean, reads: [...clean.reads, watch] };
      assertFound(ended, /a watch was refused .* while no answer could get lost/);
      const faults = [
        { fault: "restart", tolerates: "streams" as const, isMixed: false, from: 0, until: 9_000 },
      ];
      assertClean({ ...ended, faults });
    });
    it("of a call that must never pass", () => {
      assertFound(
        { ...clean, misuses: [misused(undefined, 100)] },
        /a forged token was let through/,
      );
      const misuses = [misused(unavailable, 100)];
      assertFound({ ...clean, misuses }, /a forged token was refused as Unavailable/);
    });
  });
});
