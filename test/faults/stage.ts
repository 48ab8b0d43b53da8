import type { Ports } from "../lanes/clients.ts";
import type { ServiceProcess } from "../servers/service-process.ts";
import type { BoardRules, History, RankedBoard } from "./judge/history.ts";

/** Where a trial takes place: instances of the service and what they stand on, all of it real. */
export interface Stage {
  /** Where clients connect. */
  readonly doors: readonly Ports[];
  readonly services: readonly { readonly name: string; readonly service: ServiceProcess }[];
  /** A board as each holder of its ranking has it; rejects while one can't say. */
  rankings(gameId: string, board: BoardRules): Promise<readonly RankedBoard[]>;
  /** What the ledger's tables hold, past the service. May end the service: asked for once, at the end. */
  ledger(gameId: string): Promise<Pick<History, "events" | "standings">>;
  /** Folders that tell what happened, once the service has ended. */
  readonly traces: readonly string[];
  /** Ends everything. */
  close(): Promise<void>;
}
