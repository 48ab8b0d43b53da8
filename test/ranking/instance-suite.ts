import assert from "node:assert/strict";
import { after, afterEach, before } from "node:test";
import { type RedisServer, startRedis } from "../servers/redis-server.ts";
import { Instance, type InstanceOptions, SharedLedger } from "./instances.ts";

/** What the tests of a suite share; there from its first test on. */
export interface InstanceSuite {
  readonly shared: SharedLedger;
  readonly redis: RedisServer;
  /** Starts an instance that ends with its test, which fails if the instance met an error. */
  start(wrap?: InstanceOptions["wrap"]): Promise<Instance>;
}

/** One ledger and one Redis for the tests of the suite that calls it; each begins without instances. */
export function instanceSuite(): InstanceSuite {
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
  return {
    get shared() {
      return shared;
    },
    get redis() {
      return redis;
    },
    async start(wrap) {
      const instance = await Instance.start({ shared, redisUrl: redis.url, wrap });
      instances.push(instance);
      return instance;
    },
  };
}
