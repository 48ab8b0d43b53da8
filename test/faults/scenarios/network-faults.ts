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
  /** What fell silent is broken for whoever holds it until it is given up: within this many ms. */
  readonly givenUpWithinMs?: number;
}

const ways: readonly Way[] = [
  {
    name: "clients and the lanes",
    tolerates: "network",
    links: ({ links }) => [links.grpc, links.web],
  },
  { name: "an instance and Redis", tolerates: "nothing", links: ({ links }) => [links.redis] },
  {
    name: "an instance and Postgres",
    tolerates: "ledger",
    links: ({ links }) => [links.postgres],
    // A statement takes up to 10 s and is waited for 1 s longer; what was idle may just have got one.
    givenUpWithinMs: 25_000,
  },
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
    strike: async ({ instances }, dice, isAlone) => {
      const struck = dice.oneIn(2) ? instances : [dice.pick(instances)];
      const links = struck.flatMap(way.links).filter((link) => link !== undefined);
      for (const link of links) ailment.fail(link, dice);
      await pause(ailment.ms(dice));
      for (const link of links) link.heal();
      const ms = way.givenUpWithinMs;
      // Beside other faults an instance may stand still meanwhile.
      if (ms === undefined || (await givenUpWithin(ms, links)) || !isAlone) return;
      throw new Error(`connections that fell silent are still held after ${ms} ms`);
    },
  })),
);

/** Whether nobody holds a connection any longer that fell silent; waits for that up to `ms`. */
async function givenUpWithin(ms: number, links: readonly FaultyLink[]): Promise<boolean> {
  const end = performance.now() + ms;
  while (links.some(({ silentConnections }) => silentConnections > 0)) {
    if (performance.now() >= end) return false;
    await pause(20);
  }
  return true;
}
