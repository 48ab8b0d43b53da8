import type { Dice } from "./dice.ts";
import { EmbeddedWorld } from "./embedded-world.ts";
import type { Evidence } from "./evidence.ts";
import type { Fault } from "./fault.ts";
import { clockFaults } from "./scenarios/clock-faults.ts";
import { clusterFaults } from "./scenarios/cluster-faults.ts";
import { embeddedFaults } from "./scenarios/embedded-faults.ts";
import { instanceFaults, rollingFaults } from "./scenarios/instance-faults.ts";
import { networkFaults } from "./scenarios/network-faults.ts";
import { postgresFaults } from "./scenarios/postgres-faults.ts";
import { redisFaults } from "./scenarios/redis-faults.ts";
import type { Stage } from "./stage.ts";
import { Trial, type Verdict } from "./trial.ts";
import { World, type WorldOptions } from "./world.ts";

/** A stage of its own and what goes wrong on it. */
export interface Scenario {
  readonly name: string;
  /** How many faults strike alone. */
  readonly faults: number;
  readonly run: (options: RunOptions) => Promise<Verdict>;
}

interface RunOptions {
  readonly dice: Dice;
  readonly onProgress: (fault: string) => void;
  /** Where a broken run leaves what tells of it. */
  readonly evidence: Evidence;
}

interface Plan<S extends Stage> {
  readonly start: () => Promise<S>;
  readonly alone?: readonly Fault<S>[];
  readonly mixed?: readonly Fault<S>[];
}

/** How long faults strike at random, in ms. */
const mixedMs = 30_000;

const world = (options: WorldOptions) => () => World.start(options);

/** The longest first, so that none is left to run alone. */
export const scenarios: readonly Scenario[] = [
  scenario("embedded", { start: () => EmbeddedWorld.start(), alone: embeddedFaults }),
  scenario("postgres", { start: world({ instances: 2 }), alone: postgresFaults }),
  scenario("network", { start: world({ instances: 2 }), alone: networkFaults }),
  scenario("redis", { start: world({ instances: 2 }), alone: redisFaults }),
  scenario("instances", { start: world({ instances: 3 }), alone: instanceFaults }),
  scenario("mixed", {
    start: world({ instances: 3 }),
    mixed: [...redisFaults, ...postgresFaults, ...networkFaults, ...instanceFaults, ...clockFaults],
  }),
  scenario("rolling", {
    start: world({ instances: 3, hasEnvoy: true }),
    alone: rollingFaults,
  }),
  scenario("cluster", {
    start: world({ instances: 2, isCluster: true }),
    alone: clusterFaults,
    mixed: [...clusterFaults, ...instanceFaults],
  }),
  scenario("clocks", { start: world({ instances: 2 }), alone: clockFaults }),
];

function scenario<S extends Stage>(
  name: string,
  { start, alone = [], mixed = [] }: Plan<S>,
): Scenario {
  return {
    name,
    faults: alone.length,
    run: async ({ dice, onProgress, evidence }) => {
      const stage = await start();
      try {
        const trial = await Trial.start({ stage, dice, onProgress });
        try {
          await trial.alone(alone);
          const short = mixed.filter(({ isLong = false }) => !isLong);
          if (short.length > 0) await trial.mixed(short, mixedMs);
          const verdict = await trial.end();
          if (verdict.violations.length > 0)
            onProgress(`kept in ${await evidence.keep(verdict, stage)}`);
          return verdict;
        } catch (error) {
          // Files of a service that still runs may go while they are copied.
          const kept = await evidence.keepError(error, stage).catch(String);
          onProgress(`kept in ${kept}`);
          throw error;
        } finally {
          trial.abandon();
        }
      } finally {
        await stage.close();
      }
    },
  };
}
