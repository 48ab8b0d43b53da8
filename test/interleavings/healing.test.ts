import { describe, it } from "node:test";
import { explore } from "./explore.ts";

describe("a ranking that is lost or can't be reached", () => {
  it("is the ledger's state again, claims no more than it has and goes back for no reader", async (t) => {
    await explore(t, 2_000, "healing");
  });
});
