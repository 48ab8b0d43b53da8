import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { it } from "node:test";
import type { CommittedBatch } from "../../src/ledger/ledger.ts";
import { isScoreError } from "../../src/model/score-error.ts";
import type { ScoreEvent } from "../../src/model/score-event.ts";
import type { TestDatabase } from "./open-ledgers.ts";
import { boardOf, eventOf, newGame, newSettings } from "./sample-games.ts";

/** What becomes of an event, its retries and its neighbours in the batch. */
export function submittingBehaviour(database: () => TestDatabase): void {
  it("a new event is committed with everything it says", async () => {
    const ledger = await database().openLedger();
    const game = await newGame(ledger);
    const sender = { subject: "eve", role: "player", address: "::1" } as const;
    const event = eventOf(game, {
      points: 7,
      action: "headshot",
      displayName: "Eve",
      occurredAt: 1_234_567_890_123,
      sender,
    });
    const before = Date.now();
    const receipt = await ledger.events.submit(event);
    assert.equal(receipt.duplicate, false);
    // The database's clock counts microseconds, this one whole milliseconds.
    assert.ok(receipt.committedAt >= before - 1 && receipt.committedAt <= Date.now() + 1);
    const rows = await database().query(
      `select seq, player_id, action_id, points, action, display_name, sent_by, sent_role, address,
        (extract(epoch from occurred_at) * 1000)::float8 as occurred_at
      from score_event where game_no = $1`,
      [game.gameNo],
    );
    assert.deepEqual(rows, [
      {
        seq: receipt.seq,
        player_id: "ada",
        action_id: event.actionId,
        points: 7,
        action: "headshot",
        display_name: "Eve",
        sent_by: "eve",
        sent_role: "player",
        address: "::1",
        occurred_at: 1_234_567_890_123,
      },
    ]);
  });

  it("a retry in the same batch, a later one or through another ledger changes nothing and says so", async () => {
    const [ledger, other] = [await database().openLedger(), await database().openLedger()];
    const game = await newGame(ledger);
    const event = eventOf(game, { points: 5 });
    const [first, together] = await Promise.all([
      ledger.events.submit(event),
      ledger.events.submit(event),
    ]);
    const later = await ledger.events.submit(event);
    const elsewhere = await other.events.submit(event);
    assert.equal(first.duplicate, false);
    for (const retry of [together, later, elsewhere]) {
      const { duplicate, seq, committedAt, outcomes } = retry;
      assert.deepEqual(
        { duplicate, seq, committedAt },
        { duplicate: true, seq: first.seq, committedAt: first.committedAt },
      );
      assert.deepEqual(outcomes, [{ board: game.boards[0], score: 5, previousScore: undefined }]);
    }
    assert.equal((await ledger.standings.find(boardOf(game, "sum_descending"), "ada"))?.score, 5);
  });

  it("events that two ledgers submit at once in different order count once each", async () => {
    const ledgers = [await database().openLedger(), await database().openLedger()];
    const [ledger, other] = ledgers as [(typeof ledgers)[0] & object, (typeof ledgers)[0] & object];
    const game = await newGame(ledger);
    const events = Array.from({ length: 300 }, (_, n) => eventOf(game, { playerId: `p${n % 7}` }));
    const [ones, others] = await Promise.all([
      Promise.all(events.map((event) => ledger.events.submit(event))),
      Promise.all(events.toReversed().map((event) => other.events.submit(event))),
    ]);
    others.reverse();
    for (const [index, one] of ones.entries()) {
      assert.equal(one.seq, others[index]?.seq);
      assert.notEqual(one.duplicate, others[index]?.duplicate);
    }
    const { standings } = await ledger.standings.top(boardOf(game, "sum_descending"), 0, 10);
    assert.equal(
      standings.reduce((total, { score }) => total + score, 0),
      events.length,
    );
  });

  it("a known action_id with another player, other points or another action is refused", async () => {
    const ledger = await database().openLedger();
    const game = await newGame(ledger);
    const plain = eventOf(game, { points: 3 });
    const named = eventOf(game, { points: 3, action: "kill" });
    await Promise.all([ledger.events.submit(plain), ledger.events.submit(named)]);
    const wrong: ScoreEvent[] = [
      { ...plain, playerId: "bob" },
      { ...plain, points: 4 },
      { ...plain, action: "kill" },
      { ...named, action: "headshot" },
      { ...named, action: undefined },
    ];
    for (const event of wrong) {
      await assert.rejects(ledger.events.submit(event), { code: "action_id_reused" });
    }
    const fresh = eventOf(game, { playerId: "bob" });
    const together = [fresh, { ...fresh, points: 2 }, ...wrong];
    const outcomes = await Promise.allSettled(together.map((event) => ledger.events.submit(event)));
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      together.map((event) => (event === fresh ? "fulfilled" : "rejected")),
    );
    assert.equal((await ledger.standings.find(boardOf(game, "sum_descending"), "ada"))?.score, 6);
    assert.equal((await ledger.standings.find(boardOf(game, "sum_descending"), "bob"))?.score, 1);
  });

  it("a retry of a named action is a duplicate although its points changed since", async () => {
    const ledger = await database().openLedger();
    const settings = newSettings();
    const game = await ledger.games.put(settings);
    const event = eventOf(game, { points: 3, action: "kill" });
    const { seq } = await ledger.events.submit(event);
    const changed = await ledger.games.put(settings);
    const retry = await ledger.events.submit({ ...event, game: changed, points: 4 });
    assert.deepEqual([retry.duplicate, retry.seq], [true, seq]);
    assert.equal(retry.outcomes[0]?.score, 3);
  });

  it("the same action_id in two games stands for two events, also in one batch", async () => {
    const sizes: number[] = [];
    const ledger = await database().openLedger({ onBatch: (size) => sizes.push(size) });
    const games = [await newGame(ledger), await newGame(ledger)];
    const actionId = randomUUID();
    const receipts = await Promise.all(
      games.map((game) => ledger.events.submit(eventOf(game, { actionId }))),
    );
    assert.deepEqual(sizes, [2]);
    assert.deepEqual(
      receipts.map(({ duplicate, outcomes }) => [duplicate, outcomes[0]?.score]),
      [
        [false, 1],
        [false, 1],
      ],
    );
  });

  for (const [name, sign] of [
    ["above 2^53 − 1", 1],
    ["below −(2^53 − 1)", -1],
  ] as const) {
    it(`events whose totals leave the range ${name} fail alone among good ones`, async () => {
      const ledger = await database().openLedger();
      const game = await newGame(ledger);
      const full = sign * Number.MAX_SAFE_INTEGER;
      const known = eventOf(game, { playerId: "full", points: full });
      await ledger.events.submit(known);
      const poison = [10, 11, 37];
      const events = Array.from({ length: 50 }, (_, n) =>
        eventOf(
          game,
          poison.includes(n) ? { playerId: "full", points: sign } : { playerId: `p${n}` },
        ),
      );
      const outcomes = await Promise.allSettled(
        [...events, known].map((event) => ledger.events.submit(event)),
      );
      const refused = outcomes.flatMap((outcome, n) =>
        outcome.status === "rejected" && isScoreError(outcome.reason, "score_out_of_range")
          ? [n]
          : [],
      );
      assert.deepEqual(refused, poison);
      const accepted = outcomes.filter(({ status }) => status === "fulfilled");
      assert.equal(accepted.length, outcomes.length - poison.length);
      const { standings, totalPlayers } = await ledger.standings.top(
        boardOf(game, "sum_descending"),
        0,
        100,
      );
      assert.equal(totalPlayers, 48);
      for (const { playerId, score } of standings) {
        assert.equal(score, playerId === "full" ? full : 1, playerId);
      }
    });
  }

  it("an observer hears of a commit before its receipts, of each standing once and as it is", async () => {
    const ledger = await database().openLedger();
    const game = await newGame(ledger, ["sum_descending", "best_ascending"]);
    const heard: CommittedBatch[] = [];
    ledger.events.observe({ onCommit: (batch) => heard.push(batch), onUnknown: () => {} });
    const events = Array.from({ length: 20 }, (_, n) =>
      eventOf(game, { playerId: `p${n % 3}`, points: n }),
    );
    const receipts = await Promise.all(
      events.map(async (event) => {
        const receipt = await ledger.events.submit(event);
        assert.ok(heard.includes(receipt.batch));
        return receipt;
      }),
    );
    assert.equal(new Set(receipts.map(({ batch }) => batch)).size, 1);
    assert.equal(heard.length, 1);
    const changes = heard[0]?.changes ?? [];
    assert.equal(changes.length, 6);
    for (const { board, standing } of changes) {
      assert.deepEqual(await ledger.standings.find(board, standing.playerId), standing);
    }
  });
}
