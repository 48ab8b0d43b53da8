import fc from "fast-check";
import { HealingStory, healingStories } from "./healing-story.ts";
import { HubStory, hubStories } from "./hub-story.ts";
import { LogStory, logStories } from "./log-story.ts";
import { doubtfulEnds, Story, stories } from "./story.ts";

export type ExplorationName = keyof typeof explorations;

/** What is explored: a property that must hold in whatever order things happen. */
export const explorations = {
  healing: fc.asyncProperty(healingStories, (story) => new HealingStory(story).play()),
  hub: fc.asyncProperty(hubStories, (story) => new HubStory(story).play()),
  log: fc.asyncProperty(logStories, (story) => new LogStory(story).play()),
  whole: fc.asyncProperty(stories, (story) => new Story(story).play()),
  ends: fc.asyncProperty(doubtfulEnds, (story) => new Story(story).play()),
};
