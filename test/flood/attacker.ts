import { constants, setPriority } from "node:os";
import { serveLoad } from "../../bench/load.ts";
import { CallFlood, type CallFloodOptions, type CallFloodResult } from "./calls.ts";
import { FrameFlood, type FrameFloodOptions, type FrameFloodResult } from "./frames.ts";
import { IdleFlood, type IdleFloodOptions, type IdleFloodResult } from "./idle.ts";

/** What an attacker does. */
export type AttackOptions = CallFloodOptions | FrameFloodOptions | IdleFloodOptions;

// An attacker has a machine of its own; what it computes here must not be what slows the good client.
setPriority(constants.priority.PRIORITY_LOW);

serveLoad<AttackOptions, CallFloodResult | FrameFloodResult | IdleFloodResult>(async (options) => {
  if (options.attack === "calls") return new CallFlood(options);
  return options.attack === "frames" ? new FrameFlood(options) : IdleFlood.start(options);
});
