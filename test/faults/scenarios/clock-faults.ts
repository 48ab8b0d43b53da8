import { setTimeout as pause } from "node:timers/promises";
import type { FakeClock } from "../../servers/fake-clock.ts";
import type { Dice } from "../dice.ts";
import { type Fault, untilFelt } from "../fault.ts";
import type { Tolerance } from "../judge/history.ts";
import type { World } from "../world.ts";

/** Less than the tokens of the trial are valid for. */
const mostSeconds = 1_800;
/** By which a clock that was read may be off. */
const toleranceMs = 3_000;

/** The clock of a part, and how to see it from outside; rejects while the part is away. */
interface PartClock {
  readonly clock: FakeClock;
  readonly read: () => Promise<number>;
}

interface Owner {
  readonly name: string;
  readonly tolerates: Tolerance;
  readonly pick: (world: World, dice: Dice) => PartClock;
}

const owners: readonly Owner[] = [
  // Who waits when it jumps may seem to have waited for long.
  {
    name: "an instance",
    tolerates: "ledger",
    pick: ({ instances }, dice) => {
      const { clock, ports } = dice.pick(instances);
      return { clock, read: () => dateOf(`http://127.0.0.1:${ports.httpPort}/healthz`) };
    },
  },
  {
    name: "Postgres",
    tolerates: "ledger",
    pick: ({ clock, pool }) => ({
      clock,
      read: async () => {
        const { rows } = await pool.query("select clock_timestamp() as now");
        return (rows[0].now as Date).getTime();
      },
    }),
  },
];

/** The clock of each part jumps ahead and back, or back and ahead. */
export const clockFaults: readonly Fault<World>[] = owners.flatMap(({ name, tolerates, pick }) =>
  [
    { direction: "ahead", sign: 1 },
    { direction: "back", sign: -1 },
  ].map(({ direction, sign }) => ({
    name: `the clock of ${name} jumps ${direction} for a while`,
    target: `the clock of ${name}`,
    tolerates,
    strike: async (world, dice, isAlone) => {
      const part = pick(world, dice);
      await jump(part, sign * dice.int(30, mostSeconds), isAlone);
      await pause(dice.int(500, 2_000));
      await jump(part, 0, isAlone);
    },
  })),
);

/** Resolves when the part goes by it. */
async function jump({ clock, read }: PartClock, seconds: number, isAlone: boolean): Promise<void> {
  await clock.jump(seconds);
  await untilFelt(isAlone, async () => {
    // Another fault may have taken the part away.
    const now = await read().catch(() => Number.NaN);
    return Math.abs(now - Date.now() - 1_000 * seconds) < toleranceMs;
  });
}

async function dateOf(url: string): Promise<number> {
  const { headers, body } = await fetch(url, { signal: AbortSignal.timeout(1_000) });
  await body?.cancel();
  return Date.parse(headers.get("date") ?? "");
}
