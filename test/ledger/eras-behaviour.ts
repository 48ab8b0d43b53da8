import assert from "node:assert/strict";
import { it } from "node:test";
import { attachEra, detachEra, listEras } from "../../src/ledger/eras.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { eventually } from "../lanes/eventually.ts";
import { BoardModel, type ModelEvent } from "./board-model.ts";
import type { TestDatabase } from "./open-ledgers.ts";
import {
  boardOf,
  boardSettings,
  eventOf,
  everyBoard,
  gameNow,
  newGame,
  newSettings,
} from "./sample-games.ts";

const nobody = async () => {};

/** What stays as it is while events go from one era into the next, and what is forgotten. */
export function erasBehaviour(database: () => TestDatabase): void {
  const era = async () => {
    const [row] = await database().query<{ era: number }>("select era from ledger");
    return row?.era ?? assert.fail();
  };
  const makeOld = () =>
    database().query(`update era set began_at = began_at - interval '91 days'
      where era = (select era from ledger)`);
  const nextEra = async (ledger: Ledger) => {
    const before = await era();
    await makeOld();
    await ledger.upkeep(nobody);
    assert.equal(await era(), before + 1);
  };

  it("an era is not over before its time", async () => {
    const ledger = await database().openLedger();
    const before = await era();
    await database().query(`update era set began_at = now() - interval '89 days'
      where era = (select era from ledger)`);
    await ledger.upkeep(nobody);
    assert.equal(await era(), before);
  });

  it("an event is known in its era and the next, and forgotten after that", async () => {
    const [ledger, other] = [await database().openLedger(), await database().openLedger()];
    const game = await newGame(ledger);
    const event = eventOf(game, { points: 5 });
    const first = await ledger.events.submit(event);
    await nextEra(ledger);
    for (const repeated of [ledger, other]) {
      const { duplicate, seq, committedAt } = await repeated.events.submit(event);
      assert.deepEqual([duplicate, seq, committedAt], [true, first.seq, first.committedAt]);
    }
    await assert.rejects(ledger.events.submit({ ...event, points: 6 }), {
      code: "action_id_reused",
    });
    await nextEra(other);
    const again = await ledger.events.submit(event);
    assert.deepEqual([again.duplicate, again.outcomes[0]?.score], [false, 10]);
    const repeated = await other.events.submit(event);
    assert.deepEqual([repeated.duplicate, repeated.seq], [true, again.seq]);
  });

  it("standings, catch-ups and new boards go through all eras", async () => {
    const ledger = await database().openLedger();
    const settings = newSettings();
    await ledger.games.put(settings);
    const { gameId } = settings;
    const send = async (events: number) => {
      const game = await gameNow(ledger, gameId);
      for (let n = 0; n < events; n++) {
        const points = ((n * 7) % 11) - 5;
        await ledger.events.submit(eventOf(game, { playerId: `p${n % 4}`, points }));
      }
    };
    await send(20);
    const checkpoint = await ledger.instances.lastSeq();
    await nextEra(ledger);
    await send(20);
    await nextEra(ledger);
    await send(20);
    const game = await gameNow(ledger, gameId);
    const board = boardOf(game, "sum_descending");
    assert.ok((await ledger.standings.boardsChangedSince(checkpoint)).includes(board.boardNo));
    const changed = await ledger.standings.changedSince(board, checkpoint, undefined, 1_000);
    assert.equal(changed.standings.length, 4);

    const late = everyBoard.map((name) => boardSettings(name, `late_${name}`));
    await ledger.games.put({ ...settings, boards: [...settings.boards, ...late] });
    await ledger.upkeep(nobody);
    const events = await database().query<ModelEvent>(
      `select seq, player_id as "playerId", points from score_event where game_no = $1 order by seq`,
      [game.gameNo],
    );
    assert.equal(events.length, 60);
    for (const filled of (await gameNow(ledger, gameId)).boards) {
      const { standings } = await ledger.standings.top(filled, 0, 100);
      assert.deepEqual(
        standings.map(({ playerId, score, seq }) => ({ playerId, score, seq })),
        new BoardModel(filled, events)
          .ranked()
          .map(({ playerId, score, seq }) => ({ playerId, score, seq })),
        filled.boardId,
      );
    }
  });

  it("a removed game's events go from all eras, and nobody else's", async () => {
    const ledger = await database().openLedger();
    const [kept, removed] = [await newGame(ledger), await newGame(ledger)];
    for (let n = 0; n < 3; n++) {
      for (const game of [kept, removed]) await ledger.events.submit(eventOf(game));
      if (n < 2) await nextEra(ledger);
    }
    await ledger.games.delete(removed.gameId);
    await ledger.upkeep(nobody);
    const left = await database().query<{ game_no: number; events: number }>(
      `select game_no, count(*)::int as events from score_event
      where game_no = any($1::int[]) group by game_no`,
      [[kept.gameNo, removed.gameNo]],
    );
    assert.deepEqual(left, [{ game_no: kept.gameNo, events: 3 }]);
  });

  it("an old era can be taken out and put back, and no total changes", async () => {
    const ledger = await database().openLedger();
    const settings = newSettings();
    const game = await ledger.games.put(settings);
    const late = (boardId: string) => ({
      ...settings,
      boards: [...settings.boards, boardSettings("sum_descending", boardId)],
    });
    const scoreOn = async (boardId: string) => {
      await ledger.upkeep(nobody);
      const board = boardOf(await gameNow(ledger, settings.gameId), boardId);
      return (await ledger.standings.find(board, "ada"))?.score;
    };
    const old = await era();
    await ledger.events.submit(eventOf(game, { points: 1 }));
    await nextEra(ledger);
    await ledger.events.submit(eventOf(game, { points: 10 }));
    assert.equal(await detachEra(database().db, old), false, "its ids are still known");
    await nextEra(ledger);
    await ledger.events.submit(eventOf(game, { points: 100 }));

    assert.equal(await detachEra(database().db, old), true);
    assert.equal(await detachEra(database().db, old), false, "it is not there any more");
    const states = (await listEras(database().db)).slice(-3).map(({ state }) => state);
    assert.deepEqual(states, ["detached", "remembered", "current"]);
    assert.equal(await scoreOn("sum_descending"), 111);
    await ledger.games.put(late("without"));
    assert.equal(await scoreOn("without"), 110);

    assert.equal(await attachEra(database().db, old), true);
    assert.equal(await attachEra(database().db, old), false, "it is there already");
    await ledger.games.put(late("with"));
    assert.equal(await scoreOn("with"), 111);
    const list = await listEras(database().db);
    assert.equal(list.find(({ era }) => era === old)?.state, "old");
    for (const one of list) assert.ok(one.bytes > 0 && one.beganAt <= Date.now());
  });

  it("while eras begin, events that are sent again and again count once", async () => {
    const ledgers = await Promise.all([1, 2].map(() => database().openLedger()));
    const [ledger = assert.fail()] = ledgers;
    const game = await newGame(ledger);
    let isOver = false;
    /** Events of each flow that have come to their end. */
    const sent = Array.from({ length: 16 }, () => 0);
    // Each event comes through both, and a moment later once more: within the two eras that know it.
    const flow = async (number: number) => {
      while (!isOver) {
        const event = eventOf(game, { playerId: `p${number % 7}` });
        const both = await Promise.all(ledgers.map((one) => one.events.submit(event)));
        assert.equal(both.filter(({ duplicate }) => !duplicate).length, 1);
        const [first = assert.fail(), second = assert.fail()] = both;
        assert.equal(first.seq, second.seq);
        const again = await ledger.events.submit(event);
        assert.deepEqual([again.duplicate, again.seq], [true, first.seq]);
        sent[number] = (sent[number] ?? 0) + 1;
      }
    };
    const flows = Promise.all(sent.keys().map(flow));
    const before = await era();
    for (let n = 0; n < 20; n++) {
      await makeOld();
      await Promise.all(ledgers.map((one) => one.upkeep(nobody)));
      const now = [...sent];
      const goOn = eventually("each flow has come further", () =>
        sent.every((count, number) => count > (now[number] ?? 0)),
      );
      await Promise.race([goOn, flows]);
    }
    isOver = true;
    await flows;
    const begun = (await era()) - before;
    assert.ok(begun > 10, `${begun} eras began`);
    const { standings } = await ledger.standings.top(boardOf(game, "sum_descending"), 0, 10);
    assert.equal(
      standings.reduce((sum, { score }) => sum + score, 0),
      sent.reduce((sum, count) => sum + count, 0),
    );
  });
}
