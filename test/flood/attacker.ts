import { constants, setPriority } from "node:os";
import { serveLoad } from "../../bench/load.ts";
import { CallFlood, type CallFloodOptions, type CallFloodResult } from "./calls.ts";
import { DripFlood, type DripFloodOptions, type DripFloodResult } from "./drips.ts";
import { FrameFlood, type FrameFloodOptions, type FrameFloodResult } from "./frames.ts";
import { IdleFlood, type IdleFloodOptions, type IdleFloodResult } from "./idle.ts";

/** What an attacker does. */
export type AttackOptions =
  | CallFloodOptions
  | DripFloodOptions
  | FrameFloodOptions
  | IdleFloodOptions;

type AttackResult = CallFloodResult | DripFloodResult | FrameFloodResult | IdleFloodResult;

// An attacker has a machine of its own; what it computes here must not be what slows the good client.
setPriority(constants.priority.PRIORITY_LOW);

serveLoad<AttackOptions, AttackResult>(async (options) => {
  if (options.attack === "calls") return new CallFlood(options);
  if (options.attack === "frames") return new FrameFlood(options);
  return options.attack === "drips" ? DripFlood.start(options) : IdleFlood.start(options);
});
