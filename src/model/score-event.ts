import type { Game } from "./game.ts";

/** Who may do what: see the access room. */
export type Role = "player" | "server" | "admin";

/** Who sent an event, kept with it for audit. */
export interface Sender {
  /** The token's subject. */
  readonly subject: string;
  readonly role: Role;
  /** The caller's network address. */
  readonly address: string;
}

/** One submission that passed every rule and is about to enter the ledger. */
export interface ScoreEvent {
  /** The game with the settings that the rules were taken from. */
  readonly game: Game;
  readonly playerId: string;
  readonly actionId: string;
  /** An integer within ±(2^53 − 1). */
  readonly points: number;
  /** The named action that gave the points. */
  readonly action: string | undefined;
  readonly displayName: string | undefined;
  /** Epoch ms by the caller's clock. */
  readonly occurredAt: number | undefined;
  readonly sender: Sender;
}
