import assert from "node:assert/strict";
import { afterEach, it } from "node:test";
import type { TestDatabase } from "./open-ledgers.ts";
import { boardOf, eventOf, gameNow, newGame } from "./sample-games.ts";

/** What the instances on one ledger know of each other. */
export function instancesBehaviour(database: () => TestDatabase): void {
  afterEach(() => database().query("delete from instance"));

  /** As if it had last reported that long ago. */
  const age = (instanceId: string, seconds: number) =>
    database().query(
      "update instance set seen_at = clock_timestamp() - make_interval(secs => $2::int) where instance_id = $1",
      [instanceId, seconds],
    );

  const twoInstances = async () => ({
    one: (await database().openLedger({ instanceId: "one" })).instances,
    other: (await database().openLedger({ instanceId: "other" })).instances,
  });

  it("every ledger on a database has the same id", async () => {
    const [one, other] = [await database().openLedger(), await database().openLedger()];
    assert.match(one.ledgerId, /^[0-9a-f-]{36}$/);
    assert.equal(one.ledgerId, other.ledgerId);
  });

  it("the last seq is that of the newest event, and later ones get greater", async () => {
    const ledger = await database().openLedger();
    const game = await newGame(ledger);
    const { seq } = await ledger.events.submit(eventOf(game));
    assert.equal(await ledger.instances.lastSeq(), seq);
    assert.ok((await ledger.events.submit(eventOf(game))).seq > seq);
  });

  it("the checkpoint is as far as the last of the instances has come", async () => {
    const { one, other } = await twoInstances();
    assert.equal(await one.checkpoint(), 0);
    assert.equal((await one.report(50)).checkpoint, 50);
    assert.equal((await other.report(30)).checkpoint, 30);
    assert.equal((await one.report(60)).checkpoint, 30);
    assert.equal((await other.report(90)).checkpoint, 60);
    assert.equal(await one.checkpoint(), 60);
  });

  it("an instance without a report for 20 s is lost to the others, and holds the checkpoint until forgotten", async () => {
    const { one, other } = await twoInstances();
    await one.report(10);
    await other.report(20);
    await age("one", 15);
    assert.deepEqual((await other.report(20)).lost, []);
    await age("one", 21);
    assert.deepEqual(await other.report(20), {
      checkpoint: 10,
      lost: ["one"],
      wasForgotten: false,
    });
    await other.forget("one");
    assert.deepEqual(await other.report(20), { checkpoint: 20, lost: [], wasForgotten: false });
    assert.equal(await other.checkpoint(), 20);
  });

  it("while nobody could report nobody is lost: who reports first judges the others with its next report", async () => {
    const { one, other } = await twoInstances();
    await one.report(10);
    await other.report(20);
    await age("one", 21);
    await age("other", 21);
    assert.deepEqual((await other.report(20)).lost, []);
    assert.deepEqual((await other.report(20)).lost, ["one"]);
  });

  it("an instance that is new judges the others with its second report", async () => {
    const { one, other } = await twoInstances();
    await one.report(10);
    await age("one", 21);
    assert.deepEqual((await other.report(20)).lost, []);
    assert.deepEqual((await other.report(20)).lost, ["one"]);
  });

  it("an instance that was forgotten learns it once, with its next report", async () => {
    const { one, other } = await twoInstances();
    assert.equal((await one.report(10)).wasForgotten, false);
    await other.forget("one");
    assert.equal((await one.report(15)).wasForgotten, true);
    assert.equal((await one.report(15)).wasForgotten, false);
    assert.equal(await other.checkpoint(), 15);
  });

  it("a lost instance that reports again is lost no longer", async () => {
    const { one, other } = await twoInstances();
    await one.report(10);
    await age("one", 60);
    assert.equal((await one.report(11)).wasForgotten, false);
    assert.deepEqual((await other.report(11)).lost, []);
  });

  it("each new epoch of a board is greater, whoever asks, also after its settings were put anew", async () => {
    const [one, other] = [await database().openLedger(), await database().openLedger()];
    const game = await newGame(one);
    const board = boardOf(game, "sum_descending");
    const asked = [one, other, one, other].map(({ instances }) => instances.nextEpoch(board));
    const epochs = (await Promise.all(asked)).toSorted((a = 0, b = 0) => a - b);
    assert.equal(new Set(epochs).size, 4);
    await one.games.put({ gameId: game.gameId, boards: game.boards, actions: [] });
    const same = boardOf(await gameNow(one, game.gameId), "sum_descending");
    assert.ok(((await other.instances.nextEpoch(same)) ?? 0) > (epochs[3] ?? 0));
    await one.games.delete(game.gameId);
    assert.equal(await other.instances.nextEpoch(same), undefined, "it was removed");
  });
}
