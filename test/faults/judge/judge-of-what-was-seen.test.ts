import { describe, it } from "node:test";
import {
  ada,
  assertClean,
  assertFound,
  bob,
  clean,
  final,
  lost,
  misused,
  read,
  refused,
  state,
  unavailable,
} from "./clean-history.ts";

describe("the judge of what clients saw", () => {
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
    it("of a top that is empty though there are scores", () => {
      const empty = read({ entries: [], sentAt: 1_200 });
      assertFound({ ...clean, reads: [...clean.reads, empty] }, /the top was shown empty/);
      // It may have been read from the ledger for somebody else a moment before.
      assertClean({ ...clean, reads: [...clean.reads, { ...empty, sentAt: 200 }] });
    });
    it("of a player's standing long after the first score", () => {
      const refusal = { code: "NotFound", reason: "UNKNOWN_PLAYER", saysWhen: false };
      const asked = { what: "ada's standing", playerId: "ada", entries: [], refusal };
      const reads = [...clean.reads, read({ ...asked, sentAt: 30_200 })];
      assertFound({ ...clean, reads }, /ada's standing was refused 30095 ms after/);
      assertClean({ ...clean, reads: [...clean.reads, read({ ...asked, sentAt: 200 })] });
    });
    it("of a watch that ended, but where open streams may break", () => {
      const ending = { isStreamed: true, refusal: lost, entries: [] };
      const watch = read({ what: "a watch", ...ending });
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
