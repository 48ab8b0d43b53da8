import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { LoadProcess } from "../../bench/load-process.ts";
import type { AttackOptions } from "./attacker.ts";
import { Bystander, type Figures, type Playground } from "./bystander.ts";

/** The promise: a flood makes nothing more than twice as slow. */
export const twice: Record<keyof Figures, number> = {
  callP50: 2,
  callP90: 2,
  watchP50: 2,
  watchP90: 2,
};

/** Long enough for 75 calls: of fewer the 90th percentile would be one of chance, and the 95th is of these. */
export const measureMs = 1_500;

/**
 * In an hour in which the machine had half its speed a round was as it must be in one of three to six, whatever
 * the code, and eight were too few; so many take less than three of a test's four minutes.
 */
const maxRounds = 24;

/** A flood while it goes on: ends it and tells what it met. */
export type EndFlood<R> = () => Promise<R>;

/**
 * Measures the good client's latency in quiet and during a flood, in turns, and
 * resolves with what the last flood met. Fails when the median or the 90th
 * percentile, of the calls or of the watch, is more times the quiet one
 * than `mostTimesSlower`.
 *
 * Neighbours on the machine and pauses of the process can only add to a figure:
 * so the least of all rounds is compared, and rounds follow until that holds,
 * at most 24. A flood that harms does so in each of them.
 */
export async function assertUnharmed<R>(
  test: TestContext,
  scene: Playground,
  startFlood: () => Promise<EndFlood<R>>,
  mostTimesSlower = twice,
): Promise<R> {
  const bystander = await Bystander.join(scene);
  try {
    await bystander.measure(measureMs);
    const quiets: Figures[] = [];
    const durings: Figures[] = [];
    for (let round = 1; ; round++) {
      quiets.push(await bystander.measure(measureMs));
      const end = await startFlood();
      durings.push(await bystander.measure(measureMs));
      const met = await end();
      const [quiet, during] = [least(quiets), least(durings)];
      const slower = figureNames.filter(
        (name) => during[name] > mostTimesSlower[name] * quiet[name],
      );
      if (slower.length > 0 && round < maxRounds) continue;
      const figures = `quiet ${shown(quiet)}; during ${shown(during)}; ${round} rounds`;
      test.diagnostic(`${figures}; met ${JSON.stringify(met)}`);
      assert.deepEqual(slower, [], `too slow: ${figures}`);
      return met;
    }
  } finally {
    await bystander.leave();
  }
}

/** A flood from a process of its own, which ends with the test at the latest. */
export async function startAttack<R>(
  test: TestContext,
  options: AttackOptions,
): Promise<EndFlood<R>> {
  const attacker = await LoadProcess.start<AttackOptions, R>(
    "../test/flood/attacker.ts",
    options,
    test.signal,
  );
  test.after(() => attacker[Symbol.asyncDispose]());
  await attacker.begin();
  return async () => {
    try {
      return (await attacker.end()).result;
    } finally {
      await attacker[Symbol.asyncDispose]();
    }
  };
}

const figureNames = ["callP50", "callP90", "watchP50", "watchP90"] as const;

function least(all: readonly Figures[]): Figures {
  const entries = figureNames.map((name) => [name, Math.min(...all.map((one) => one[name]))]);
  return Object.fromEntries(entries) as Record<keyof Figures, number>;
}

function shown(figures: Figures): string {
  return figureNames.map((name) => `${name} ${figures[name].toFixed(1)}`).join(" ");
}
