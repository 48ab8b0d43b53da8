import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { monotonicClock } from "../../src/model/clock.ts";
import type { Board, Game } from "../../src/model/game.ts";
import { isScoreError } from "../../src/model/score-error.ts";
import { systemTimers } from "../../src/model/timers.ts";
import type { Ranking, RankingState } from "../../src/ranking/ranking.ts";
import { RankingCheck } from "../../src/ranking/ranking-check.ts";
import type { RankingDifference } from "../../src/ranking/ranking-difference.ts";
import { instanceSuite } from "./instance-suite.ts";
import { type Instance, submitTo } from "./instances.ts";

const clocks = { now: monotonicClock, timers: systemTimers };

describe("a check of a ranking", { timeout: 120_000 }, () => {
  const suite = instanceSuite();

  it("finds nothing wrong while scores and new players come in all the time", async () => {
    const [one, other] = [await suite.start(), await suite.start()];
    const { game, board } = await one.newGame();
    const storm = new Storm([one, other], game);
    await storm.more(100);
    for (let round = 0; round < 3; round += 1) {
      // What the ledger said is old when the ranking is asked.
      assert.deepEqual(await check(one, board, () => storm.more(20)), []);
    }
    await storm.end();
    assert.deepEqual(await check(other, board), []);
  });

  it("finds what was committed and never placed, and what was placed and never committed", async () => {
    const one = await suite.start();
    const { game, board } = await one.newGame();
    for (const playerId of ["ann", "bob", "eve"]) await one.submit(game, playerId);
    const silent = await suite.shared.connect(one.instanceId);
    await submitTo(silent, game, "ann", 5);
    await submitTo(silent, game, "zoe", 5);
    const [bob] = await one.ledger.standings.ofPlayers(board, ["bob"]);
    assert.ok(bob);
    await one.ranking.place(board, [
      { ...bob, score: 9, version: bob.version + 1 },
      { ...bob, playerId: "yan", seq: 999 },
    ]);
    const found = await check(one, board);
    assert.deepEqual(
      found.map(({ playerId, kind, fields }) => [playerId, kind, ...fields].join(" ")).sort(),
      [
        "ann other score seq version updated_at",
        "bob other score version",
        "yan surplus",
        "zoe missing",
      ],
    );
  });

  it("can't tell when the ranking is rebuilt meanwhile", async () => {
    const one = await suite.start();
    const { game, board } = await one.newGame();
    await one.submit(game, "ann");
    let reads = 0;
    const checked = check(one, board, async () => {
      reads += 1;
      if (reads === 2) await one.projector.rebuild(board, () => {});
    });
    await assert.rejects(checked, (error) => isScoreError(error, "ranking_unavailable"));
    assert.deepEqual(await check(one, board), []);
  });

  it("can't tell when the ranking is lost meanwhile, and finds the new one right", async () => {
    const one = await suite.start();
    const { game, board } = await one.newGame();
    await one.submit(game, "ann");
    const checked = check(one, board, () => suite.redis.flush());
    await assert.rejects(checked, (error) => isScoreError(error, "ranking_unavailable"));
    await one.isRanked(board);
    assert.deepEqual(await check(one, board), []);
  });

  it("ends when it is told to", async () => {
    const one = await suite.start();
    const { game, board } = await one.newGame();
    await one.submit(game, "ann");
    const signal = AbortSignal.abort();
    const read = () => assert.fail("nothing is asked any more");
    const steps = new RankingCheck({ board, ledger: one.ledger, read, ...clocks, signal }).run();
    assert.deepEqual(await Array.fromAsync(steps), []);
  });
});

/** All differences; `beforeRead` runs before each question to the ranking. */
async function check(
  { ledger, projector }: Instance,
  board: Board,
  beforeRead = async () => {},
): Promise<RankingDifference[]> {
  const differences: RankingDifference[] = [];
  const { signal } = new AbortController();
  const read = async <T extends RankingState>(query: (ranking: Ranking) => Promise<T>) => {
    await beforeRead();
    return projector.read(board, query);
  };
  for await (const step of new RankingCheck({ board, ledger, read, ...clocks, signal }).run()) {
    differences.push(...step.differences);
  }
  return differences;
}

/** Instances that submit for the same players, and now and then for a new one. */
class Storm {
  submitted = 0;
  #isOver = false;
  readonly #running: Promise<unknown>;
  #submittedOne = () => {};

  constructor(instances: readonly Instance[], game: Game) {
    this.#running = Promise.all(
      instances.flatMap((instance) => [1, 2, 3].map(() => this.#submit(instance, game))),
    );
  }

  /** Resolves when so many more were submitted. */
  async more(count: number): Promise<void> {
    const goal = this.submitted + count;
    while (this.submitted < goal) {
      await new Promise<void>((resolve) => {
        this.#submittedOne = resolve;
      });
    }
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  async #submit(instance: Instance, game: Game): Promise<void> {
    while (!this.#isOver) {
      const isNew = this.submitted % 5 === 0;
      await instance.submit(game, isNew ? `new-${this.submitted}` : `p${this.submitted % 17}`);
      this.submitted += 1;
      this.#submittedOne();
    }
  }
}
