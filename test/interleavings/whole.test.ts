import { describe, it } from "node:test";
import { explore } from "./explore.ts";
import { doubtfulEnds, Story, stories } from "./story.ts";

describe("two instances on one ledger and one ranking", () => {
  it("count each score once, rank it exactly and show it, whatever comes in whatever order", async (t) => {
    await explore(t, 600, stories, (story) => new Story(story).play());
  });

  it("say goodbye only when nothing of them is in doubt", async (t) => {
    await explore(t, 100, doubtfulEnds, (story) => new Story(story).play());
  });
});
