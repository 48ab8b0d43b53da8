import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { RankedPage } from "../ranking/ranking.ts";
import { type Frame, heartbeatOf, nextFrame } from "./frame.ts";

/** A page of a board on which each player's version tells its score. */
function page(epoch: number, version: number, versions: readonly number[]): RankedPage {
  const standings = versions.map((standingVersion, index) => ({
    playerId: `p${index}`,
    score: -index,
    seq: index + 1,
    version: standingVersion,
    updatedAt: 1_000 + standingVersion,
    displayName: undefined,
    rank: index + 1,
  }));
  const totalPlayers = Math.max(3, standings.length);
  return { epoch, version, standings, totalPlayers, changedAt: 5_000, changes: version };
}

describe("a frame", () => {
  it("shows the first of a page, and when the newest of them changed", () => {
    const frame = nextFrame(page(2, 7, [1, 5, 9]), 2, undefined);
    assert.deepEqual([frame.epoch, frame.version, frame.heartbeat], [2, 7, false]);
    assert.deepEqual(
      frame.entries.map(({ playerId, rank }) => [playerId, rank]),
      [
        ["p0", 1],
        ["p1", 2],
      ],
    );
    assert.equal(frame.totalPlayers, 3);
    assert.equal(frame.changedAt, 1_005);
  });

  it("of an empty board never changed", () => {
    assert.equal(nextFrame(page(1, 1, []), 10, undefined).changedAt, undefined);
  });

  it("is the last one as long as nothing that it shows changed", () => {
    const last = nextFrame(page(1, 1, [1, 1, 1]), 2, undefined);
    assert.equal(nextFrame(page(1, 2, [1, 1, 2]), 2, last), last, "below the first two");
    assert.equal(nextFrame(page(0, 0, [1, 1, 1]), 2, last), last, "from the ledger");
    assert.equal(nextFrame(page(9, 9, [1, 1, 1]), 2, last), last, "after a rebuild");
  });

  it("never shows fewer players or changes than before, which a ranking that is back may still miss", () => {
    const last = nextFrame({ ...page(1, 8, [1, 1]), totalPlayers: 9 }, 2, undefined);
    const less = { ...page(2, 7, [1, 1]), totalPlayers: 8 };
    assert.equal(nextFrame(less, 2, last), last);
    const frame = nextFrame({ ...less, standings: page(2, 7, [1, 2]).standings }, 2, last);
    assert.deepEqual([frame.epoch, frame.totalPlayers, frame.changes], [2, 9, 8]);
  });

  it("is new for a standing, a player, the number of entries, or the total", () => {
    const first = page(1, 1, [1, 1]);
    const last = nextFrame(first, 2, undefined);
    const [one, two] = first.standings;
    assert.ok(one && two);
    const changed: Partial<RankedPage>[] = [
      { standings: [one, { ...two, version: 2 }] },
      { standings: [one, { ...two, playerId: "other" }] },
      { standings: [two, one] },
      { standings: [one] },
      { totalPlayers: 4 },
    ];
    for (const change of changed) {
      const frame = nextFrame({ ...first, version: 2, ...change }, 2, last);
      assert.notEqual(frame, last);
      assert.deepEqual([frame.epoch, frame.version], [1, 2]);
    }
  });

  it("is never older than one before, whatever the pages come from", () => {
    const change = fc.record({
      player: fc.nat(2),
      isUnranked: fc.boolean(),
      isRebuilt: fc.boolean(),
      /** How far the ranking's version grows; 0 when it lags behind the ledger. */
      step: fc.constantFrom(0, 0, 1, 2, 5),
    });
    const property = fc.property(fc.array(change, { maxLength: 50 }), (changes) => {
      const versions = [1, 1, 1];
      let [epoch, version] = [1, 1];
      let last: Frame | undefined;
      for (const { player, isUnranked, isRebuilt, step } of changes) {
        versions[player] = (versions[player] ?? 0) + 1;
        if (isRebuilt) [epoch, version] = [epoch + 1, 0];
        version += step;
        const frame = nextFrame(
          isUnranked ? page(0, 0, versions) : page(epoch, version, versions),
          3,
          last,
        );
        const isAfter =
          last === undefined ||
          frame.epoch > last.epoch ||
          (frame.epoch === last.epoch && frame.version > last.version);
        assert.ok(isAfter, "what shows something new is newer");
        last = frame;
      }
    });
    fc.assert(property, { numRuns: 500 });
  });

  it("has a heartbeat of the same state, without entries", () => {
    const frame = nextFrame(page(2, 7, [1, 5, 9]), 3, undefined);
    assert.deepEqual(heartbeatOf(frame), { ...frame, heartbeat: true, entries: [] });
  });
});
