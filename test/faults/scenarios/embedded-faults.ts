import { setTimeout as pause } from "node:timers/promises";
import type { EmbeddedWorld } from "../embedded-world.ts";
import type { Fault } from "../fault.ts";

const common = { target: "the service", tolerates: "network" } as const;

/** What may become of the service that keeps its own ledger. */
export const embeddedFaults: readonly Fault<EmbeddedWorld>[] = [
  {
    ...common,
    name: "killed a hundred times at random moments",
    strike: async ({ service }, dice) => {
      for (let left = 100; left > 0; left -= 1) {
        await pause(dice.int(0, 800));
        await service.kill();
        await service.start();
      }
    },
  },
  {
    ...common,
    name: "a full disk",
    strike: async ({ disk }) => {
      await disk.fill();
      await pause(3_000);
      await disk.free();
    },
  },
];
