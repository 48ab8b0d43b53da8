import { describe, it } from "node:test";
import { explore } from "./explore.ts";

describe("two instances on one ledger and one ranking", () => {
  it("count each score once, rank it exactly and show it, whatever comes in whatever order", async (t) => {
    await explore(t, 1_800, "whole");
  });

  it("say goodbye only when nothing of them is in doubt", async (t) => {
    await explore(t, 300, "ends");
  });
});
