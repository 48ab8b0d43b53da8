import { describe, it } from "node:test";
import { explore } from "./explore.ts";

describe("a hub of watches", () => {
  it("shows each client newer states only, the newest in the end, and nothing after it left", async (t) => {
    await explore(t, 4_250, "hub");
  });
});
