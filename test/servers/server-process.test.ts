import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { eventually } from "../lanes/eventually.ts";
import { ServerProcess } from "./server-process.ts";

describe("a server's process", () => {
  it("tells of an end that nobody asked for, and of no other", async () => {
    const server = await ServerProcess.create("mortal");
    const launch = (script: string) =>
      server.launch({
        program: async () => ({ command: "sh", args: ["-c", script] }),
        isReady: async () => (await server.log()).includes("ready"),
      });
    try {
      await launch("echo ready; sleep 1; echo alas");
      await eventually("it has ended", async () => server.deaths.length > 0);
      assert.deepEqual(server.deaths, ["ready\nalas\n"]);
      await launch("echo ready; sleep 100");
      await server.kill();
      await launch("echo ready; sleep 100");
      await server.stop("SIGTERM");
      assert.equal(server.deaths.length, 1);
    } finally {
      await server.close();
    }
  });
});
