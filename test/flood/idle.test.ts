import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { assertUnharmed, startAttack } from "./comparison.ts";
import type { IdleFloodResult } from "./idle.ts";
import { type FloodScene, openFloodScene } from "./scene.ts";

/** What this machine lets one process open, less what else it needs; `ulimit -n`. */
const mostOpen = openFiles() - 1_000;

/** Of both lanes together, two thirds of them on the gRPC lane. */
const connections = Math.min(10_000, Math.floor(mostOpen / 300) * 300);

describe(`${connections} idle connections`, () => {
  let scene: FloodScene;
  before(async () => {
    scene = await openFloodScene();
  });
  after(() => scene?.close());

  it("harm nobody, and cost less than 60 KiB each", async (test) => {
    const grpc = {
      port: scene.grpcPort,
      connections: 7_000 * (connections / 10_000),
      isHttp2: true,
    };
    const web = {
      port: scene.httpPort,
      connections: 3_000 * (connections / 10_000),
      isHttp2: false,
    };
    let kibibytesEach = Number.NaN;
    const met = await assertUnharmed(test, scene, async () => {
      const before = await scene.usage();
      const end = await startAttack<IdleFloodResult>(test, { attack: "idle", at: [grpc, web] });
      return async () => {
        const { residentMebibytes } = await scene.usage();
        const grown = (residentMebibytes - before.residentMebibytes) * 1_024;
        const result = await end();
        kibibytesEach = Math.round(grown / result.opened);
        return { ...result, kibibytesEach };
      };
    });
    assert.ok(met.opened >= connections * 0.99, `${met.opened} were opened`);
    assert.ok(met.stillOpen >= met.opened * 0.99, `${met.stillOpen} stayed open`);
    assert.ok(kibibytesEach < 60, `${kibibytesEach} KiB each`);
  });
});

function openFiles(): number {
  const { userLimits } = process.report.getReport() as unknown as {
    readonly userLimits: { readonly open_files: { readonly hard: number | "unlimited" } };
  };
  const { hard } = userLimits.open_files;
  return hard === "unlimited" ? Number.POSITIVE_INFINITY : hard;
}
