import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { untilCommitsFail } from "../commits-fail.ts";
import { type Fault, untilFelt } from "../fault.ts";
import type { Instance, World } from "../world.ts";

/** Backends that are terminated in mid-batch. A batch lasts some ms: one is looked for as often as `untilFelt` asks. */
const leastTerminated = 3;

/** What can't be committed is refused as unavailable, and taken when it is sent again. */
const common = { target: "Postgres", tolerates: "ledger" } as const;

const portsOf = ({ ports }: Instance) => ports;

/** What may become of the ledger's Postgres. */
export const postgresFaults: readonly Fault<World>[] = [
  {
    ...common,
    name: "Postgres killed and started",
    strike: async ({ postgres }, dice) => {
      await postgres.kill();
      await pause(dice.int(0, 2_000));
      await postgres.start();
    },
  },
  {
    ...common,
    name: "Postgres restarted",
    strike: async ({ postgres }) => {
      await postgres.stop();
      await postgres.start();
    },
  },
  {
    ...common,
    name: "Postgres silent for 20 s",
    isLong: true,
    strike: async ({ postgres }) => {
      await postgres.pause();
      await pause(20_000);
      await postgres.resume();
    },
  },
  {
    ...common,
    name: "Postgres without a free connection",
    strike: async (world, dice) => {
      const taken = await takeConnections(world);
      await pause(dice.int(500, 3_000));
      await Promise.all(taken.map((client) => client.end()));
    },
  },
  {
    ...common,
    name: "a backend terminated in mid-batch, again and again",
    strike: async (world, dice, isAlone) => {
      let terminated = 0;
      await untilFelt(isAlone, async () => {
        const { rowCount } = await world.pool.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
          where application_name like 'score %' and state = 'active' and query like '%score_event%'`,
        );
        if (!rowCount) return false;
        terminated += rowCount;
        await pause(dice.int(1, 150));
        return terminated >= leastTerminated;
      });
    },
  },
  {
    ...common,
    name: "answers lost between COMMIT and the service",
    strike: async ({ instances }, dice, isAlone) => {
      // The next answer may be that of a read.
      await untilCommitsFail(instances.map(portsOf), isAlone, async () => {
        for (let left = dice.int(3, 10); left > 0; left -= 1) {
          await dice.pick(instances).links.postgres.loseNextAnswer();
          await pause(dice.int(1, 200));
        }
      });
    },
  },
  {
    ...common,
    name: "a full disk under Postgres",
    strike: async ({ disk, postgres, instances }, dice, isAlone) => {
      await untilCommitsFail(instances.map(portsOf), isAlone, () => disk.fill());
      await pause(dice.int(1_000, 4_000));
      await disk.free();
      // It may have given up, as it does when its log can't be written.
      await postgres.start();
    },
  },
  {
    ...common,
    name: "a lock on the game held by somebody else for 4 s",
    strike: (world) =>
      whileHolding(world, "select from game for update", async () => {
        await pause(4_000);
      }),
  },
  {
    ...common,
    name: "a lock on the standings held for longer than a statement may take",
    isLong: true,
    strike: (world) =>
      whileHolding(world, "lock table standing in exclusive mode", async () => {
        await pause(12_000);
      }),
  },
];

async function whileHolding(
  { databaseUrl }: World,
  lock: string,
  wait: () => Promise<void>,
): Promise<void> {
  const holder = new pg.Client({ connectionString: databaseUrl });
  await holder.connect();
  try {
    await holder.query("begin");
    await holder.query(lock);
    await wait();
    await holder.query("rollback");
  } finally {
    await holder.end();
  }
}

/** All that the server has; then those of the service are cut off, and taken, too. */
async function takeConnections({ databaseUrl }: World): Promise<readonly pg.Client[]> {
  const taken: pg.Client[] = [];
  for (;;) {
    const client = new pg.Client({ connectionString: databaseUrl });
    client.on("error", () => {});
    try {
      await client.connect();
      taken.push(client);
    } catch (error) {
      if ((error as { code?: string }).code !== "53300") throw error;
      const cutOff = await taken[0]?.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'score %'",
      );
      if (!cutOff?.rowCount) return taken;
    }
  }
}
