import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { PGlite, types } from "@electric-sql/pglite";
import { BoardModel } from "../ledger/board-model.ts";
import { ledgerTables } from "../ledger/ledger-tables.ts";
import type { Memory } from "./memory.ts";
import { Neighbour } from "./neighbour.ts";
import { nameOf } from "./outcome.ts";
import { portBytes, sendTo } from "./ports.ts";
import { protocols, secureProtocols } from "./protocols.ts";
import { fuzz, fuzzRun } from "./run.ts";
import { arena, arenaRules, FuzzScene, knownIds, type ShownEntry } from "./scene.ts";

/** Of each method by each protocol; some 600 a second. */
const cases = 100;

/**
 * What memory may grow by from the first protocol to the last, in MiB. In
 * 14,000 calls it was 2.8 and 13, in 40,000 calls 4.3 and 29; a leak of 2 KiB a
 * call would be 28.
 */
const mayGrow: Memory = { heap: 16, resident: 96 };

const run = fuzzRun();

const attacks = [
  { whom: "a service behind Envoy", isSecure: false, protocols },
  { whom: "a service with a certificate", isSecure: true, protocols: secureProtocols },
];

for (const { whom, isSecure, protocols } of attacks) {
  describe(`whatever is sent to ${whom} (FAULT_SEED=${run.seed})`, {
    timeout: 230_000 * run.factor,
  }, () => {
    let scene: FuzzScene;
    let neighbour: Neighbour;
    let memory: Memory | undefined;
    before(async () => {
      scene = await FuzzScene.open({ isSecure });
      neighbour = new Neighbour(scene.client(), arena, scene.serverToken);
    });
    after(() => scene?.close());

    for (const [salt, protocol] of protocols.entries()) {
      it(`by ${protocol.name} through ${protocol.through}, only documented codes come back`, async (t) => {
        const tally: Record<string, number> = {};
        let total = 0;
        let understood = 0;
        for (const method of protocol.methods) {
          const requests = protocol.requests(method, knownIds);
          total += await fuzz(run, { cases, salt }, requests, async (request) => {
            const name = nameOf(await scene.attack(protocol, method, request));
            if (name === "OK" || method.codes.includes(name)) understood += 1;
            tally[name] = (tally[name] ?? 0) + 1;
          });
        }
        t.diagnostic(`${total} cases, ${understood} understood: ${JSON.stringify(tally)}`);
        assert.ok(understood > 0, "some got as far as the service");
        assert.deepEqual(await scene.complaints(), [], "nothing was logged");
        memory ??= await scene.memory.read();
      });
    }

    it("as bytes to its ports, ends its own connection at most", async (t) => {
      for (const [salt, [name, port]] of Object.entries(scene.ports).entries()) {
        const total = await fuzz(run, { cases: 3 * cases, salt }, portBytes, (bytes) =>
          sendTo(port, bytes),
        );
        t.diagnostic(`${total} cases to the ${name}`);
        assert.ok((await scene.board("total")).length > 0);
        assert.deepEqual(await scene.complaints(), [], "nothing was logged");
      }
    });

    it("memory stays flat", async (t) => {
      const now = await scene.memory.read();
      t.diagnostic(JSON.stringify([memory, now]));
      assert.ok(memory !== undefined);
      assert.ok(now.heap < memory.heap + mayGrow.heap, "heap");
      assert.ok(now.resident < memory.resident + mayGrow.resident, "resident");
    });

    it("a good client beside it is answered all the while", async (t) => {
      await neighbour.leave();
      t.diagnostic(`${neighbour.acknowledged.length} calls, at most ${neighbour.slowest} ms`);
      assert.ok(neighbour.acknowledged.length > 50);
    });

    it("ledger and boards hold exactly what was acknowledged", async (t) => {
      const shown: Record<string, ShownEntry[]> = {};
      for (const boardId of Object.keys(arenaRules)) shown[boardId] = await scene.board(boardId);
      await scene.stopService();
      const folder = join(scene.service.dataDir, "postgres");
      const pglite = await PGlite.create(folder, { parsers: { [types.INT8]: Number } });
      const events = await ledgerTables((text, values) => pglite.query(text, values))
        .events(arena)
        .finally(() => pglite.close());
      t.diagnostic(`${events.length} events`);
      const acknowledged = [...scene.acknowledged, ...neighbour.acknowledged].sort((a, b) => a - b);
      assert.deepEqual(
        events.map(({ seq }) => seq),
        acknowledged,
      );
      for (const [boardId, rules] of Object.entries(arenaRules)) {
        const ranked = new BoardModel(rules, events).ranked();
        assert.deepEqual(
          shown[boardId],
          ranked.map(({ playerId, score }, n) => ({ rank: n + 1, playerId, score })),
          boardId,
        );
      }
    });
  });
}
