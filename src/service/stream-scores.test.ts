import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Receipt } from "../ledger/ledger.ts";
import { defaultGameSettings, type Game } from "../model/game.ts";
import { ScoreError } from "../model/score-error.ts";
import type { ScoreEvent } from "../model/score-event.ts";
import type { Call, Rooms } from "./rooms.ts";
import { streamScores } from "./stream-scores.ts";
import type { Submission } from "./update-score.ts";

const game: Game = {
  ...defaultGameSettings("chess"),
  gameNo: 1,
  revision: 1,
  boards: [],
  actions: new Map(),
  updatedAt: 0,
};

const receipt: Receipt = {
  duplicate: false,
  seq: 1,
  committedAt: 0,
  outcomes: [],
  batch: { changes: [] },
};

const event = (actionId: string): Submission => ({
  gameId: "chess",
  playerId: "ada",
  actionId,
  points: 1n,
  action: undefined,
  displayName: undefined,
  occurredAt: undefined,
});

describe("a pipe of scores", () => {
  /** Events that the pipe took from its input. */
  let taken: number;
  /** What the ledger was given and has not answered, by action id. */
  let submitted: Map<string, PromiseWithResolvers<Receipt>>;
  let submit: (event: ScoreEvent) => Promise<Receipt>;
  let gone: AbortController;
  let stopping: AbortController;
  let rooms: Rooms;
  let call: Call;
  beforeEach(() => {
    taken = 0;
    submitted = new Map();
    submit = ({ actionId }) => {
      const answer = Promise.withResolvers<Receipt>();
      submitted.set(actionId, answer);
      return answer.promise;
    };
    gone = new AbortController();
    stopping = new AbortController();
    rooms = {
      now: () => 0,
      stopping: stopping.signal,
      catalog: { find: async () => game },
      ledger: { events: { submit: (submission: ScoreEvent) => submit(submission) } },
      projector: { placements: async () => new Map() },
    } as unknown as Rooms;
    call = {
      identity: { subject: "game-server", role: "server", games: "*", expiresAt: Infinity },
      verifyAgain: async () => {},
      address: "::1",
      deadline: undefined,
      signal: gone.signal,
    };
  });

  /** Lets everything happen that waits for nothing but other work of this process. */
  const settle = async () => {
    for (let turns = 0; turns < 50; turns++) await turn();
  };

  /** Counts in `taken` what was taken from it. */
  async function* endless() {
    for (;;) yield event(`action-${taken++}`);
  }

  it("takes no more than 2,048 events in before one is answered", async () => {
    const answers = streamScores(rooms, call, endless());
    const first = answers.next();
    await settle();
    assert.equal(taken, 2_048);
    submitted.get("action-7")?.resolve(receipt);
    assert.equal((await first).value?.actionId, "action-7");
    const second = answers.next();
    await settle();
    assert.equal(taken, 2_049, "an answer that was taken makes room for one event");
    gone.abort();
    assert.equal((await second).done, true);
  });

  it("takes no more in while answers that are done wait for their reader", async () => {
    const answers = streamScores(rooms, call, endless());
    const first = answers.next();
    await settle();
    const [last, ...others] = submitted.values();
    for (const { resolve } of others) resolve(receipt);
    await first;
    last?.resolve(receipt);
    await settle();
    assert.equal(taken, 2_048, "the first answer may still be on its way");
    gone.abort();
    await answers.return(undefined);
  });

  it("answers with no more of an action_id than one may have", async () => {
    const [result] = await Array.fromAsync(
      streamScores(rooms, call, arriving(["x".repeat(10_000)])),
    );
    assert.equal(result?.actionId, "x".repeat(128));
    assert.ok(result && "error" in result.outcome);
  });

  it("answers each event once, as soon as it is done", async () => {
    const ids = ["a", "b", "c"];
    const answers = streamScores(rooms, call, arriving(ids));
    const first = answers.next();
    await settle();
    for (const id of ["c", "a", "b"]) submitted.get(id)?.resolve(receipt);
    const order = [(await first).value?.actionId];
    for await (const { actionId } of answers) order.push(actionId);
    assert.deepEqual(order, ["c", "a", "b"]);
  });

  it("tells a refused event its error and goes on", async () => {
    const refusal = new ScoreError("score_out_of_range", "too much");
    submit = async ({ actionId }) => {
      if (actionId === "b") throw refusal;
      return receipt;
    };
    const results = await Array.fromAsync(streamScores(rooms, call, arriving(["a", "b", "c"])));
    const failed = results.filter(({ outcome }) => "error" in outcome);
    assert.deepEqual(failed, [{ actionId: "b", outcome: { error: refusal } }]);
    assert.equal(results.length, 3);
  });

  it("keeps an event for which the ledger's queue is full, until there is room", async () => {
    let refusals = 3;
    submit = async () => {
      if (refusals-- > 0) throw new ScoreError("ledger_busy", "full");
      return receipt;
    };
    const results = await Array.fromAsync(streamScores(rooms, call, arriving(["a"])));
    assert.equal(results.length, 1);
    assert.ok("accepted" in (results[0]?.outcome ?? {}));
    assert.equal(refusals, -1);
  });

  it("counts an event once against its player's limits, however long the queue is full", async () => {
    const counted: string[] = [];
    const limits = {
      update: async () => void counted.push("update"),
      action: async () => void counted.push("action"),
    };
    const jump = { name: "jump", points: 1, maxPerMinute: 10 };
    const catalog = { find: async () => ({ ...game, actions: new Map([["jump", jump]]) }) };
    rooms = { ...rooms, limits, catalog } as unknown as Rooms;
    call = {
      ...call,
      identity: { subject: "ada", role: "player", games: "*", expiresAt: Infinity },
    };
    let refusals = 3;
    submit = async () => {
      if (refusals-- > 0) throw new ScoreError("ledger_busy", "full");
      return receipt;
    };
    const jumps = (async function* () {
      yield { ...event("a"), points: undefined, action: "jump" };
    })();
    const [result] = await Array.fromAsync(streamScores(rooms, call, jumps));
    assert.ok("accepted" in (result?.outcome ?? {}));
    assert.deepEqual(counted, ["update", "action"]);
  });

  it("answers what it had taken in when its input breaks, then fails as the input did", async () => {
    const failure = new Error("the connection broke");
    const broken = (async function* () {
      yield event("a");
      yield event("b");
      throw failure;
    })();
    const answers = streamScores(rooms, call, broken);
    const first = answers.next();
    await settle();
    for (const answer of submitted.values()) answer.resolve(receipt);
    assert.equal((await first).value?.actionId, "a");
    assert.equal((await answers.next()).value?.actionId, "b");
    await assert.rejects(answers.next(), failure);
  });

  it("ends when the caller goes away, with events unanswered", async () => {
    const answers = streamScores(rooms, call, arriving(["a", "b"]));
    const first = answers.next();
    await settle();
    gone.abort();
    assert.equal((await first).done, true);
  });

  it("answers what it had taken in when the instance shuts down, then ends", async () => {
    const { promise: never } = Promise.withResolvers<void>();
    const open = (async function* () {
      yield event("a");
      yield event("b");
      await never;
    })();
    const answers = streamScores(rooms, call, open);
    const first = answers.next();
    await settle();
    submitted.get("b")?.resolve(receipt);
    assert.equal((await first).value?.actionId, "b");
    stopping.abort();
    const second = answers.next();
    await settle();
    submitted.get("a")?.resolve(receipt);
    assert.equal((await second).value?.actionId, "a");
    await assert.rejects(answers.next(), { code: "shutting_down" });
  });

  it("takes nothing in after that", async () => {
    stopping.abort();
    await assert.rejects(streamScores(rooms, call, endless()).next(), { code: "shutting_down" });
    await settle();
    assert.equal(submitted.size, 0);
    assert.ok(taken <= 1);
  });

  it("answers what it had taken in when the token ends, and takes nothing more", async () => {
    let now = 0;
    const events = (async function* () {
      yield event("a");
      now = 1_000;
      yield event("b");
    })();
    const identity = {
      subject: "game-server",
      role: "server",
      games: "*",
      expiresAt: 1_000,
    } as const;
    const answers = streamScores({ ...rooms, now: () => now }, { ...call, identity }, events);
    const first = answers.next();
    await settle();
    assert.deepEqual([...submitted.keys()], ["a"]);
    submitted.get("a")?.resolve(receipt);
    assert.equal((await first).value?.actionId, "a");
    await assert.rejects(answers.next(), { code: "unauthenticated" });
  });

  it("ends when the token is refused while nothing comes, and answers what it had taken in", async (test) => {
    test.mock.timers.enable({ apis: ["setTimeout"] });
    const refusal = new ScoreError("unauthenticated", "the token is not valid");
    const verifyAgain = () => Promise.reject(refusal);
    const silent = (async function* () {
      yield event("a");
      await new Promise(() => {});
    })();
    const answers = streamScores(rooms, { ...call, verifyAgain }, silent);
    const first = answers.next();
    await settle();
    test.mock.timers.tick(30_000);
    await settle();
    submitted.get("a")?.resolve(receipt);
    assert.equal((await first).value?.actionId, "a");
    await assert.rejects(answers.next(), refusal);
  });

  it("needs a token", async () => {
    const answers = streamScores(rooms, { ...call, identity: undefined }, arriving([]));
    await assert.rejects(answers.next(), { code: "unauthenticated" });
  });
});

async function* arriving(ids: readonly string[]): AsyncGenerator<Submission> {
  for (const id of ids) yield event(id);
}
