import { setTimeout as pause } from "node:timers/promises";
import { LaunchError } from "../../servers/launch-error.ts";
import type { ServiceProcess } from "../../servers/service-process.ts";
import type { Fault } from "../fault.ts";
import type { World } from "../world.ts";

const common = { target: "instances", tolerates: "network" } as const;

/** What may become of instances; one of them is there at any time. */
export const instanceFaults: readonly Fault<World>[] = [
  {
    ...common,
    name: "an instance killed and started",
    strike: async ({ instances }, dice) => {
      const { service } = dice.pick(instances);
      await service.kill();
      await pause(dice.int(0, 2_000));
      await startAtLast(service);
    },
  },
  {
    ...common,
    name: "each instance killed in turn",
    isLong: true,
    strike: async ({ instances }, dice) => {
      for (const { service } of dice.shuffled(instances)) {
        await service.kill();
        await pause(dice.int(0, 500));
        await startAtLast(service);
      }
    },
  },
  {
    ...common,
    name: "an instance silent for a while",
    strike: async ({ instances }, dice) => {
      const { service } = dice.pick(instances);
      await service.pause();
      await pause(dice.int(500, 5_000));
      await service.resume();
    },
  },
  {
    ...common,
    name: "an instance silent for so long that the others give it up",
    isLong: true,
    strike: async ({ instances }, dice) => {
      const { service } = dice.pick(instances);
      await service.pause();
      await pause(23_000);
      await service.resume();
    },
  },
];

/** As a supervisor does it: an instance whose ledger does not answer in time says so and ends. */
async function startAtLast(service: ServiceProcess): Promise<void> {
  for (const giveUpAt = performance.now() + 60_000; ; await pause(500)) {
    try {
      return await service.start();
    } catch (error) {
      if (!(error instanceof LaunchError) || performance.now() > giveUpAt) throw error;
    }
  }
}

/** What no call may notice that comes by Envoy; an open stream ends, and its client opens another. */
export const rollingFaults: readonly Fault<World>[] = [
  {
    name: "all instances restarted one by one behind Envoy",
    target: "instances",
    tolerates: "streams",
    strike: async ({ instances, envoy }) => {
      for (const { service } of instances) {
        await service.stop();
        await pause(500);
        await startAtLast(service);
        await envoy.untilHealthy(2 * instances.length);
      }
    },
  },
];
