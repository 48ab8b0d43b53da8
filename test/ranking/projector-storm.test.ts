import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { Board, Game } from "../../src/model/game.ts";
import type { RankedStanding } from "../../src/model/standing.ts";
import { type RedisServer, startRedis } from "../servers/redis-server.ts";
import { Instance, SharedLedger } from "./instances.ts";

const players = Array.from({ length: 60 }, (_, index) => `player ${index}`);
/** Enough of them that a rebuild takes several steps, with the players between them. */
const bystanders = Array.from({ length: 4_400 }, (_, index) => `player ${index % 60} ${index}`);
const writers = 12;

describe("the projector under load", { timeout: 180_000 }, () => {
  let shared: SharedLedger;
  before(async () => {
    shared = await SharedLedger.open();
  });
  after(() => shared?.close());

  /** Two instances that write, all at once and on and on, until `disturb` has ended. */
  async function storm(
    t: TestContext,
    disturb: (redis: RedisServer, instances: readonly Instance[], board: Board) => Promise<void>,
  ) {
    await using redis = await startRedis();
    const instances: Instance[] = [];
    try {
      for (let index = 0; index < 2; index += 1) {
        instances.push(await Instance.start({ shared, redisUrl: redis.url }));
      }
      const [one] = instances;
      assert.ok(one);
      const { game, board } = await one.newGame();
      await Promise.all(bystanders.map((player) => one.submit(game, player)));
      let isOver = false;
      let submitted = 0;
      const write = async (writer: number) => {
        for (let turn = writer; !isOver; turn += 1) {
          const instance = instances[turn % instances.length];
          const player = players[(turn * 7 + writer * 13) % players.length] ?? "";
          await instance?.submit(game, player, (turn % 9) - 3);
          submitted += 1;
        }
      };
      const writing = Promise.all(Array.from({ length: writers }, (_, index) => write(index)));
      const watching = watchForOldStates(one, game, board, () => isOver);
      watching.catch(() => {});
      try {
        await disturb(redis, instances, board);
      } finally {
        isOver = true;
        await writing;
      }
      await watching;
      t.diagnostic(`${submitted} scores; catch-ups: ${instances.map((i) => tally(i.catchUps))}`);
      const truth = await one.truth(board);
      // Each brings in its own commits: the ranking is whole when none is behind.
      for (const instance of instances) await instance.isRanked(board);
      for (const instance of instances) {
        await instance.isRanked(board);
        assert.deepEqual(await instance.ranked(board), truth);
        assert.deepEqual(instance.errors, []);
      }
    } finally {
      for (const instance of instances) await instance.close();
      await shared.forgetInstances();
    }
  }

  it("misses no commit while Redis is flushed again and again", async (t) => {
    await storm(t, async (redis, [one]) => {
      for (let flush = 0; flush < 12; flush += 1) {
        await redis.flush();
        await nextRebuild(one);
      }
      // Once more, in the middle of a rebuild.
      await redis.flush();
      await redis.flush();
    });
  });

  it("misses no commit while Redis dies again and again, and shows no old state", async (t) => {
    await storm(t, async (redis, instances, board) => {
      for (let death = 0; death < 5; death += 1) {
        if (death % 2 === 0) await redis.command("SAVE");
        await Promise.all(instances.map((instance) => instance.isRanked(board)));
        await redis.kill();
        await redis.start();
        await Promise.all(instances.map((instance) => instance.isRanked(board)));
      }
    });
  });
});

/**
 * A reader of one instance: neither the ranking nor the ledger goes back. From
 * the ledger to the ranking a page may: another instance may still be about to
 * place what it committed meanwhile.
 */
async function watchForOldStates(
  { reader }: Instance,
  game: Game,
  board: Board,
  isOver: () => boolean,
): Promise<void> {
  const newest = { ranking: new Map<string, number>(), ledger: new Map<string, number>() };
  let state = { epoch: 0, version: 0 };
  while (!isOver()) {
    const page = await reader.page(board, 0, players.length);
    // The embedded ledger and what the reader remembers never yield to I/O.
    await setImmediate();
    const source = page.epoch === 0 ? "ledger" : "ranking";
    for (const standing of page.standings) isNoOlder(newest[source], standing);
    if (page.epoch === 0) continue;
    const isAfter =
      page.epoch > state.epoch || (page.epoch === state.epoch && page.version >= state.version);
    assert.ok(isAfter, `${game.gameId} went back: ${JSON.stringify([state, page])}`);
    state = page;
  }
}

function isNoOlder(newest: Map<string, number>, { playerId, version }: RankedStanding): void {
  const known = newest.get(playerId) ?? 0;
  assert.ok(version >= known, `${playerId} went back from version ${known} to ${version}`);
  newest.set(playerId, version);
}

function tally(kinds: readonly string[]): string {
  const count = (kind: string) => kinds.filter((one) => one === kind).length;
  return `${count("rebuild")} rebuilds, ${count("catch-up")} catch-ups`;
}

async function nextRebuild(instance: Instance | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  instance?.once("rebuild", resolve);
  instance?.once("catch-up", resolve);
  await promise;
}
