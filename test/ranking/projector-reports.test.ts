import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import type { CommitObserver } from "../../src/ledger/ledger.ts";
import { type RedisServer, startRedis } from "../servers/redis-server.ts";
import { replacing } from "./faults.ts";
import { Instance, type InstanceOptions, SharedLedger } from "./instances.ts";
import { until } from "./until.ts";

describe("what an instance reports of itself", { timeout: 120_000 }, () => {
  let shared: SharedLedger;
  let redis: RedisServer;
  let instances: Instance[] = [];
  before(async () => {
    shared = await SharedLedger.open();
    redis = await startRedis();
  });
  afterEach(async () => {
    for (const instance of instances) {
      await instance.close();
      assert.deepEqual(instance.errors, []);
    }
    instances = [];
    await shared.forgetInstances();
  });
  after(async () => {
    await redis?.close();
    await shared?.close();
  });

  const start = async (options: Pick<InstanceOptions, "wrap" | "limits"> = {}) => {
    const instance = await Instance.start({ shared, redisUrl: redis.url, ...options });
    instances.push(instance);
    return instance;
  };

  it("goes on while a commit takes long and when its outcome is in doubt, and says no more than is placed", async () => {
    const observers: CommitObserver[] = [];
    const reported: number[] = [];
    let isSlow = false;
    const commit = Promise.withResolvers<void>();
    const one = await start({
      limits: { doubtMs: 60_000 },
      wrap: {
        ledger: replacing((ledger) => ({
          events: {
            observe: (observer) => {
              observers.push(observer);
              ledger.events.observe(observer);
            },
            settled: () => (isSlow ? commit.promise : ledger.events.settled()),
          },
          instances: {
            report: (seq) => {
              reported.push(seq);
              return ledger.instances.report(seq);
            },
          },
        })),
      },
    });
    const { game } = await one.newGame();
    isSlow = true;
    const placed = reported.at(-1);
    await one.submit(game, "ann");
    const goesOn = async () => {
      const before = reported.length;
      await until(() => reported.length > before + 3);
      assert.equal(reported.at(-1), placed);
    };
    await goesOn();
    for (const observer of observers) observer.onUnknown([game]);
    commit.resolve();
    await goesOn();
  });
});
