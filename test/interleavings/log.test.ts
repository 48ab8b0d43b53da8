import { describe, it } from "node:test";
import { explore } from "./explore.ts";

describe("the event logs of two instances", () => {
  it("keep their bounds and every player's order, and what they say of an event is true", async (t) => {
    await explore(t, 4_250, "log");
  });
});
