import { setTimeout as pause } from "node:timers/promises";
import type { FakeClock } from "../../servers/fake-clock.ts";
import type { Dice } from "../dice.ts";
import type { Fault } from "../fault.ts";
import type { Tolerance } from "../judge/history.ts";
import type { World } from "../world.ts";

/** Less than the tokens of the trial are valid for. */
const mostSeconds = 1_800;

interface Owner {
  readonly name: string;
  readonly tolerates: Tolerance;
  readonly clock: (world: World, dice: Dice) => FakeClock;
}

const owners: readonly Owner[] = [
  // Who waits when it jumps may seem to have waited for long.
  {
    name: "an instance",
    tolerates: "ledger",
    clock: ({ instances }, dice) => dice.pick(instances).clock,
  },
  { name: "Postgres", tolerates: "ledger", clock: ({ clock }) => clock },
];

/** The clock of each part jumps ahead and back, or back and ahead. */
export const clockFaults: readonly Fault<World>[] = owners.flatMap(({ name, tolerates, clock }) =>
  [
    { direction: "ahead", sign: 1 },
    { direction: "back", sign: -1 },
  ].map(({ direction, sign }) => ({
    name: `the clock of ${name} jumps ${direction} for a while`,
    target: `the clock of ${name}`,
    tolerates,
    strike: async (world, dice) => {
      const jumping = clock(world, dice);
      await jumping.jump(sign * dice.int(30, mostSeconds));
      await pause(dice.int(1_500, 3_000));
      await jumping.jump(0);
      // A second until everybody has seen it.
      await pause(1_100);
    },
  })),
);
