import assert from "node:assert/strict";
import { it } from "node:test";
import type { TestDatabase } from "./open-ledgers.ts";
import { boardOf, eventOf, newGame } from "./sample-games.ts";

/** How events wait for their batch, and what bounds that. */
export function queueingBehaviour(database: () => TestDatabase): void {
  it("events submitted together commit together, no more than a batch holds", async () => {
    const sizes: number[] = [];
    const limits = { batchEvents: 40 };
    const ledger = await database().openLedger({ limits, onBatch: (size) => sizes.push(size) });
    const game = await newGame(ledger);
    await Promise.all(Array.from({ length: 100 }, () => ledger.events.submit(eventOf(game))));
    assert.deepEqual(sizes, [40, 40, 20]);
  });

  it("a full queue refuses at once, and takes the same event when there is room", async () => {
    const ledger = await database().openLedger({ limits: { queuedEvents: 3 } });
    const game = await newGame(ledger);
    const events = Array.from({ length: 5 }, () => eventOf(game));
    const settled: number[] = [];
    const outcomes = events.map((event, n) =>
      ledger.events.submit(event).finally(() => settled.push(n)),
    );
    assert.equal(ledger.queued, 3);
    for (const refused of outcomes.slice(3)) {
      await assert.rejects(refused, { code: "ledger_busy", retryAfterMs: 250 });
    }
    assert.deepEqual(settled, [3, 4]);
    await Promise.all(outcomes.slice(0, 3));
    assert.equal(ledger.queued, 0);
    const retries = await Promise.all(events.slice(3).map((event) => ledger.events.submit(event)));
    assert.deepEqual(
      retries.map(({ duplicate }) => duplicate),
      [false, false],
    );
  });

  it("an event whose deadline passed in the queue is not committed", async () => {
    let time = 1_000;
    const ledger = await database().openLedger({ now: () => time });
    const game = await newGame(ledger);
    const [late, inTime] = [eventOf(game, { points: 100 }), eventOf(game)];
    const outcomes = [ledger.events.submit(late, 1_500), ledger.events.submit(inTime, 1_501)];
    time = 1_500;
    await assert.rejects(outcomes[0] as Promise<unknown>, { code: "deadline_exceeded" });
    await outcomes[1];
    assert.equal((await ledger.standings.find(boardOf(game, "sum_descending"), "ada"))?.score, 1);
    assert.equal((await ledger.events.submit(late, 1_501)).duplicate, false);
  });

  it("events of a caller keep their order over many batches, also when one is sent in parts", async () => {
    const limits = { batchEvents: 64 };
    const ledger = await database().openLedger({ limits });
    const game = await newGame(ledger, ["latest_descending", "sum_descending"]);
    const latest = boardOf(game, "latest_descending");
    await ledger.events.submit(
      eventOf(game, { playerId: "full", points: Number.MAX_SAFE_INTEGER }),
    );
    for (let round = 0; round < 5; round++) {
      const events = Array.from({ length: 512 }, (_, n) => eventOf(game, { points: n }));
      const outcomes = events.map((event, n) => {
        // In every third batch an event fails, so that the batch is split.
        if (n % 192 !== 20) return ledger.events.submit(event);
        const poison = ledger.events.submit(eventOf(game, { playerId: "full" }));
        return Promise.all([
          ledger.events.submit(event),
          assert.rejects(poison, { code: "score_out_of_range" }),
        ]).then(([receipt]) => receipt);
      });
      const seqs = (await Promise.all(outcomes)).map(({ seq }) => seq);
      assert.deepEqual(
        seqs,
        seqs.toSorted((a, b) => a - b),
      );
      assert.equal((await ledger.standings.find(latest, "ada"))?.score, 511);
    }
  });

  it("close commits what was accepted, refuses what comes later, and may be called twice", async () => {
    const ledger = await database().openLedger({ limits: { batchEvents: 8 } });
    const game = await newGame(ledger);
    const accepted = Array.from({ length: 30 }, () => ledger.events.submit(eventOf(game)));
    const closing = Promise.all([ledger.close(), ledger.close()]);
    await assert.rejects(ledger.events.submit(eventOf(game)), { code: "shutting_down" });
    const receipts = await Promise.all(accepted);
    assert.equal(receipts.at(-1)?.outcomes[0]?.score, 30);
    await closing;
  });

  it("settled resolves after the commits under way, when the observers know of them", async () => {
    const ledger = await database().openLedger();
    const game = await newGame(ledger);
    const steps: string[] = [];
    const sent = Promise.withResolvers<void>();
    ledger.events.observe({ onCommit: () => steps.push("committed"), onUnknown: () => {} });
    const receipt = ledger.events.submit(eventOf(game));
    // Batches are made up in a setImmediate that was asked for before this one.
    setImmediate(() => sent.resolve());
    await sent.promise;
    await ledger.events.settled();
    steps.push("settled");
    await receipt;
    assert.deepEqual(steps, ["committed", "settled"]);
  });
}
