import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { nameOf } from "./fuzz-outcome.ts";
import { protocols } from "./fuzz-protocols.ts";
import { fuzz, fuzzRun } from "./fuzz-run.ts";
import { FuzzScene, knownIds } from "./fuzz-scene.ts";

/** Of each method by each protocol; some 700 a second. */
const cases = 150;

const run = fuzzRun();

describe(`whatever is sent (FAULT_SEED=${run.seed})`, { timeout: 230_000 * run.factor }, () => {
  let scene: FuzzScene;
  before(async () => {
    scene = await FuzzScene.open();
  });
  after(() => scene?.close());

  for (const protocol of protocols) {
    it(`by ${protocol.name} through ${protocol.through}, only documented codes come back`, async (t) => {
      const tally: Record<string, number> = {};
      for (const method of protocol.methods) {
        const requests = protocol.requests(method, knownIds);
        await fuzz(run, cases, requests, async (request) => {
          const name = nameOf(await scene.attack(protocol, method, request));
          tally[name] = (tally[name] ?? 0) + 1;
        });
      }
      t.diagnostic(JSON.stringify(tally));
      assert.deepEqual(await scene.complaints(), [], "nothing was logged");
    });
  }
});
