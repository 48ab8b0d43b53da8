import { setTimeout as pause } from "node:timers/promises";
import { untilCommitsFail } from "../commits-fail.ts";
import type { EmbeddedWorld } from "../embedded-world.ts";
import type { Fault } from "../fault.ts";

const common = { target: "the service", tolerates: "network" } as const;

/** What may become of the service that keeps its own ledger. */
export const embeddedFaults: readonly Fault<EmbeddedWorld>[] = [
  {
    ...common,
    name: "killed a hundred times at random moments, also while it starts",
    strike: async ({ service }, dice) => {
      for (let kills = 0; kills < 100; kills += 1) {
        await pause(dice.int(0, 800));
        await service.kill();
        const start = service.start();
        if (dice.oneIn(4)) {
          await Promise.race([start, pause(dice.int(0, 1_500))]);
          await service.kill();
          kills += 1;
          // It may not have come to be ready.
          await start.catch(() => {});
          await service.start();
        } else await start;
      }
    },
  },
  {
    ...common,
    name: "a full disk",
    strike: async ({ disk, doors }, _, isAlone) => {
      await untilCommitsFail(doors, isAlone, () => disk.fill());
      await pause(3_000);
      await disk.free();
    },
  },
];
