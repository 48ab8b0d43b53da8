import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import fc from "fast-check";
import { FakeBoard, FakeClient, settle } from "../../test/watch/fake-board.ts";
import { ScoreError } from "../model/score-error.ts";
import { systemTimers } from "../model/timers.ts";
import type { Frame } from "./frame.ts";
import { WatchHub } from "./watch-hub.ts";

const times = { tickMs: 50, pollMs: 1_000, heartbeatMs: 15_000 };
const players = ["ann", "bob", "eve", "joe"];

/** What may happen to a hub; `client` counts those that are there. */
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("change" as const),
      player: fc.nat(3),
      score: fc.nat(9),
      isNoticed: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      ms: fc.constantFrom(1, 10, 49, 60, 1_000),
    }),
  },
  fc.record({
    kind: fc.constant("join" as const),
    limit: fc.integer({ min: 1, max: 5 }),
    isStalled: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("leave" as const), client: fc.nat() }),
  fc.record({ kind: fc.constant("stall" as const), client: fc.nat() }),
  fc.record({ kind: fc.constant("drain" as const), client: fc.nat() }),
  fc.record({ kind: fc.constant("reconnect" as const), client: fc.nat() }),
  fc.record({ kind: fc.constant("unranked" as const), isUnranked: fc.boolean() }),
  fc.record({ kind: fc.constant("rebuild" as const) }),
  fc.record({ kind: fc.constant("fail" as const), isFailing: fc.boolean() }),
  fc.record({ kind: fc.constant("slow" as const), isSlow: fc.boolean() }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Joined {
  readonly client: FakeClient;
  readonly limit: number;
  /** What it came back with; shown until something else is sent. */
  readonly known: Frame | undefined;
  readonly leave: () => void;
}

class Story {
  readonly board = new FakeBoard();
  readonly hub = new WatchHub({
    times,
    maxWatches: 1_000,
    maxWatchesPerCaller: 0,
    now: Date.now,
    timers: systemTimers,
    onFrames: () => {},
    onError: (_, error) => assert.fail(String(error)),
  });
  clients: Joined[] = [];
  #release = () => {};
  readonly #joining = new Set<Promise<void>>();

  async run(steps: readonly Step[]): Promise<void> {
    for (const one of steps) await this.#do(one);
    this.board.failure = undefined;
    this.#slow(false);
    await Promise.all(this.#joining);
    for (const { client } of this.clients) client.drain();
    // The longest that a change without a notice may take, and a read.
    await this.#pass(times.pollMs + times.tickMs + 1);
  }

  async #do(one: Step): Promise<void> {
    const { board, clients } = this;
    const chosen = "client" in one ? clients[one.client % clients.length] : undefined;
    if (one.kind === "change") {
      board.change(players[one.player] ?? "", one.score);
      if (one.isNoticed) board.notify();
    } else if (one.kind === "pass") await this.#pass(one.ms);
    else if (one.kind === "join") this.#join(one.limit, one.isStalled, undefined);
    else if (one.kind === "unranked") board.isUnranked = one.isUnranked;
    else if (one.kind === "rebuild") board.epoch += 1;
    else if (one.kind === "slow") this.#slow(one.isSlow);
    else if (one.kind === "fail") {
      board.failure = one.isFailing ? new ScoreError("ledger_unavailable", "down") : undefined;
    } else if (chosen === undefined) return;
    else if (one.kind === "stall") chosen.client.isStalled = true;
    else if (one.kind === "drain") chosen.client.drain();
    else {
      chosen.leave();
      this.clients = clients.filter((client) => client !== chosen);
      // A client that comes back shows what it last was sent.
      const last = chosen.client.frames.findLast(({ heartbeat }) => !heartbeat) ?? chosen.known;
      if (one.kind === "reconnect") this.#join(chosen.limit, false, last);
    }
    await settle();
  }

  #join(limit: number, isStalled: boolean, known: Frame | undefined): void {
    const client = new FakeClient();
    client.isStalled = isStalled;
    const joining = this.hub
      .join({ key: "board", board: this.board, caller: undefined, limit, known, sink: client })
      .then(
        (leave) => void this.clients.push({ client, limit, known, leave }),
        (error) => assert.ok(error instanceof ScoreError, String(error)),
      )
      .finally(() => this.#joining.delete(joining));
    this.#joining.add(joining);
  }

  #slow(isSlow: boolean): void {
    this.#release();
    this.#release = () => {};
    this.board.gate = isSlow
      ? new Promise((resolve) => {
          this.#release = resolve;
        })
      : Promise.resolve();
  }

  async #pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1) {
      mock.timers.tick(1);
      await settle();
    }
  }
}

function check({ client, limit, known }: Joined, board: FakeBoard): void {
  const frames = client.frames.filter(({ heartbeat }) => !heartbeat);
  for (const [index, { epoch, version }] of frames.entries()) {
    const last = frames[index - 1];
    if (last === undefined) continue;
    const isAfter = epoch > last.epoch || (epoch === last.epoch && version > last.version);
    assert.ok(isAfter, "each frame is newer than the one before");
  }
  // It could not be read for as long as a heartbeat takes.
  if (client.ended !== undefined) return;
  const { standings, totalPlayers } = board.page(limit);
  const shown = frames.at(-1) ?? known;
  assert.deepEqual(shown?.entries, standings);
  assert.equal(shown?.totalPlayers, totalPlayers);
}

describe("what a client is sent", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] }));
  afterEach(() => mock.timers.reset());

  it("never goes back, shows each state once, and ends with the newest, whatever happens", async () => {
    const property = fc.asyncProperty(
      fc.array(step, { maxLength: 60, size: "max" }),
      async (steps) => {
        const story = new Story();
        try {
          await story.run(steps);
          for (const joined of story.clients) check(joined, story.board);
        } finally {
          story.hub.close();
        }
        assert.equal(story.board.followers.size, 0);
        assert.equal(story.hub.watches, 0);
      },
    );
    await fc.assert(property, { numRuns: 150, interruptAfterTimeLimit: 60_000 });
  });
});
