import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ada,
  asNew,
  assertClean,
  assertFound,
  attempt,
  bob,
  clean,
  misused,
  more,
  read,
  refused,
  unauthenticated,
  unavailable,
} from "./clean-history.ts";
import type { Acknowledgement } from "./history.ts";

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
});
