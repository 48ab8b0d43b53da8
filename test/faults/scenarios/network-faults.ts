import { setTimeout as pause } from "node:timers/promises";
import type { FaultyLink } from "../../servers/faulty-link.ts";
import type { Dice } from "../dice.ts";
import type { Fault } from "../fault.ts";
import type { Tolerance } from "../judge/history.ts";
import type { Instance, World } from "../world.ts";

/** A way between two parts, and what its failing excuses. */
interface Way {
  readonly name: string;
  readonly tolerates: Tolerance;
  readonly links: (instance: Instance) => readonly (FaultyLink | undefined)[];
}

const ways: readonly Way[] = [
  {
    name: "clients and the lanes",
    tolerates: "network",
    links: ({ links }) => [links.grpc, links.web],
  },
  { name: "an instance and Redis", tolerates: "nothing", links: ({ links }) => [links.redis] },
  { name: "an instance and Postgres", tolerates: "ledger", links: ({ links }) => [links.postgres] },
];

/** What may become of a way, for a while. */
interface Ailment {
  readonly name: string;
  readonly fail: (link: FaultyLink, dice: Dice) => void;
  readonly ms: (dice: Dice) => number;
}

const ailments: readonly Ailment[] = [
  {
    name: "slow",
    fail: (link, dice) => link.delay(dice.int(20, 200)),
    ms: (dice) => dice.int(1_000, 3_000),
  },
  { name: "cut", fail: (link) => link.cut(), ms: (dice) => dice.int(10, 3_000) },
  { name: "half-open", fail: (link) => link.halfOpen(), ms: (dice) => dice.int(1_000, 4_000) },
  { name: "a byte at a time", fail: (link) => link.trickle(), ms: (dice) => dice.int(500, 2_000) },
];

/** Each way with each ailment, at one instance or all of them. */
export const networkFaults: readonly Fault<World>[] = ways.flatMap((way) =>
  ailments.map((ailment) => ({
    name: `the way between ${way.name} ${ailment.name}`,
    target: `the way between ${way.name}`,
    tolerates: way.tolerates,
    strike: async ({ instances }, dice) => {
      const struck = dice.oneIn(2) ? instances : [dice.pick(instances)];
      const links = struck.flatMap(way.links).filter((link) => link !== undefined);
      for (const link of links) ailment.fail(link, dice);
      await pause(ailment.ms(dice));
      for (const link of links) link.heal();
    },
  })),
);
