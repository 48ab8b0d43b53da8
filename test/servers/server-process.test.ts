import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { eventually } from "../lanes/eventually.ts";
import { ServerProcess } from "./server-process.ts";

const untilTold = "echo ready; while [ ! -e end ]; do sleep 0.02; done; echo alas";

describe("a server's process", () => {
  it("tells of an end that nobody asked for, and of no other", async () => {
    const server = await ServerProcess.create("mortal");
    const launch = (script: string) =>
      server.launch({
        program: async () => ({ command: "sh", args: ["-c", script] }),
        isReady: async () => (await server.log()).includes("ready"),
      });
    try {
      await launch(untilTold);
      await writeFile(join(server.folder, "end"), "");
      await eventually("it has ended", async () => server.deaths.length > 0);
      assert.deepEqual(server.deaths, ["by code 0: ready\nalas\n"]);
      await launch("echo ready; exec sleep 100");
      await server.kill();
      await launch("echo ready; exec sleep 100");
      await server.stop("SIGTERM");
      // Killed in the moment in which it answers.
      let killed: Promise<void> | undefined;
      await server.launch({
        program: async () => ({ command: "sleep", args: ["100"] }),
        isReady: async () => {
          killed ??= server.kill();
          return true;
        },
      });
      await killed;
      assert.equal(server.deaths.length, 1);
    } finally {
      await server.close();
    }
  });
});
