import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { Evidence } from "./evidence.ts";
import { clean as history } from "./judge/clean-history.ts";
import type { Stage } from "./stage.ts";

const aService = (deaths: readonly string[] = []) => ({ logs: async () => "it began\n", deaths });

it("a broken trial leaves all violations, its history, the logs and what it stood on", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "score-test-"));
  t.after(() => rm(folder, { recursive: true }));
  const ledger = await mkdtemp(join(folder, "ledger-"));
  await writeFile(join(ledger, "events"), "42");
  const services = [{ name: "the service", service: aService() }];
  const stage = { services, traces: [ledger] };
  const violations = Array.from({ length: 30 }, (_, index) => ({
    promise: "counted once" as const,
    what: `event ${index} is gone`,
  }));
  const evidence = new Evidence(join(folder, "results", "7-embedded"));
  const kept = await evidence.keep(
    { violations, history },
    stage as unknown as Pick<Stage, "services" | "traces">,
  );
  const read = (name: string) => readFile(join(kept, name), "utf8");
  assert.equal((await read("violations.txt")).match(/^counted once: event /gm)?.length, 30);
  assert.deepEqual(JSON.parse(await read("history.json")), JSON.parse(JSON.stringify(history)));
  assert.equal(await read("the service.log"), "it began\n");
  assert.equal(await read(join(ledger.slice(folder.length + 1), "events")), "42");
});

it("a trial that could not be run leaves why, the logs, and how instances ended", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "score-test-"));
  t.after(() => rm(folder, { recursive: true }));
  const services = [{ name: "the service", service: aService(["by code 1: no memory\n"]) }];
  const stage = { services, traces: [] } as unknown as Pick<Stage, "services" | "traces">;
  const error = new Error("the fault could not be made", { cause: new Error("it does not run") });
  const kept = await new Evidence(join(folder, "7-cluster")).keepError(error, stage);
  const read = (name: string) => readFile(join(kept, name), "utf8");
  assert.match(await read("error.txt"), /could not be made[\s\S]*it does not run/);
  const log = "it began\nit ended by itself: by code 1: no memory\n";
  assert.equal(await read("the service.log"), log);
});
