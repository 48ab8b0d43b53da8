import type { Figure } from "./figure.ts";
import type { Stage } from "./stage.ts";

/** What a measure runs with. */
export interface MeasureContext {
  readonly stage: Stage;
  /** Where the service's CPU profile goes; none is made without it. */
  readonly profileFolder: string | undefined;
  /** Ends the measure at once: it rejects. */
  readonly signal: AbortSignal;
  /** Says what goes on. */
  readonly progress: (text: string) => void;
}

/** Measures one part of the service on its own; rejects when any call or message of it fails. */
export type Measure = (context: MeasureContext) => Promise<readonly Figure[]>;

/** Long enough for V8 to have compiled what is hot, and for Postgres to be out of its first pages. */
export const times = { warmUpMs: 3_000, measureMs: 3_000 } as const;

/** Players with a score when a measure begins. */
export const players = 100_000;
