import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defaultGameSettings, type Game } from "../model/game.ts";
import type { ScoreEvent } from "../model/score-event.ts";
import { systemTimers } from "../model/timers.ts";
import type { CommitRow } from "./commit-statement.ts";
import type { EventStatements } from "./event-statements.ts";
import { GroupedEventLog } from "./grouped-event-log.ts";

const game: Game = {
  ...defaultGameSettings("game"),
  gameNo: 1,
  revision: 1,
  boards: [
    {
      boardNo: 1,
      boardId: "main",
      aggregation: "sum",
      direction: "descending",
      title: "",
      state: "ready",
    },
  ],
  actions: new Map(),
  updatedAt: 0,
};

const event: ScoreEvent = {
  game,
  playerId: "ann",
  actionId: "action",
  points: 0,
  action: undefined,
  displayName: undefined,
  occurredAt: undefined,
  sender: { subject: "test", role: "server", address: "" },
};

const locked: CommitRow = { kind: "game", no: 1 };

/** A log on statements that a test makes fail, and the games of commits with an unknown outcome. */
function openLog(failing: Partial<EventStatements>) {
  const doubted: (readonly Game[])[] = [];
  const failures: string[] = [];
  const log = new GroupedEventLog({
    statements: {
      commit: async () => [locked],
      lookUpEvents: async () => new Map(),
      lookUpStandings: async () => [],
      ...failing,
    },
    commitsInFlight: 1,
    limits: { queuedEvents: 10, batchEvents: 10, patienceMs: 1_000 },
    now: Date.now,
    timers: systemTimers,
    onBatch: () => {},
    onFailure: (failure) => failures.push(failure),
  });
  log.observe({ onCommit: () => {}, onUnknown: (games) => doubted.push(games) });
  return { log, doubted, failures };
}

describe("an event log tells that a commit may have happened unseen", () => {
  it("when what was committed can't be looked up, whatever the reason", async () => {
    const bug = Object.assign(new Error("internal error"), { code: "XX000" });
    const { log, doubted, failures } = openLog({ lookUpStandings: () => Promise.reject(bug) });
    await assert.rejects(log.submit(event), bug);
    assert.deepEqual(doubted, [[game]]);
    assert.deepEqual(failures, ["bug", "unknown"]);
  });

  it("when its answer was lost, and the game had changed before it was sent again", async () => {
    let sent = 0;
    const commit = async () => {
      sent += 1;
      if (sent === 1) throw new Error("the connection broke");
      return [];
    };
    const { log, doubted } = openLog({ commit });
    await assert.rejects(log.submit(event), { code: "game_changed" });
    assert.deepEqual(doubted, [[game]]);
  });

  it("when its answer was lost, and it can't be stored when it is sent again", async () => {
    let sent = 0;
    const commit = async () => {
      sent += 1;
      throw Object.assign(new Error("failed"), sent === 1 ? {} : { code: "22003" });
    };
    const { log, doubted, failures } = openLog({ commit });
    await assert.rejects(log.submit(event), { code: "score_out_of_range" });
    assert.deepEqual(doubted, [[game]]);
    assert.deepEqual(failures, ["unavailable", "data", "unknown"]);
  });

  it("and not when the game had changed before it was sent at all", async () => {
    const { log, doubted } = openLog({ commit: async () => [] });
    await assert.rejects(log.submit(event), { code: "game_changed" });
    assert.deepEqual(doubted, []);
  });
});
