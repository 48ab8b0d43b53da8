import type { Client } from "@connectrpc/connect";
import type { ScoreService } from "../gen/score/v1/score_pb.js";
import { BoardSession } from "./board-session.ts";
import { type Choice, choiceOf, isSameBoard, searchOf } from "./choice.ts";
import { identityOf } from "./identity.ts";
import type { Presence } from "./presence.ts";
import type { RecentGames } from "./recent-games.ts";
import type { TokenKeeper } from "./token-keeper.ts";

export interface SpectatorOptions {
  readonly client: Client<typeof ScoreService>;
  readonly presence: Presence;
  readonly tokens: TokenKeeper;
  readonly games: RecentGames;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly changed: () => void;
  /** Keeps an address in the browser's history; may be called with the one it shows. */
  readonly visit: (search: string) => void;
  /** Told of a defect of the page itself. */
  readonly failed: (error: unknown) => void;
}

/** One spectator: what is chosen, and the session that watches it. */
export class Spectator {
  readonly #options: SpectatorOptions;
  #choice: Choice;
  #session: BoardSession;
  /** Counts the sessions. */
  #sessionKey = 0;

  constructor(search: string, options: SpectatorOptions) {
    this.#options = options;
    this.#choice = this.#choiceAt(search);
    this.#session = this.#open();
  }

  get choice(): Choice {
    return this.#choice;
  }

  get session(): BoardSession {
    return this.#session;
  }

  get sessionKey(): number {
    return this.#sessionKey;
  }

  /** Goes to a choice whose `me` may be a token. Returns what is wrong with it, or "". */
  choose(choice: Choice): string {
    const { tokens, clock, visit } = this.#options;
    const identity = identityOf(choice.me);
    if (identity === undefined) return "This is neither a player id nor a token of a player.";
    const { playerId, token } = identity;
    const before = tokens.at(clock());
    if (token && token.expiresAt <= clock()) return "This token has expired.";
    if (token) tokens.keep(token);
    else if (before?.playerId !== playerId) tokens.drop();
    const next = { ...choice, me: playerId };
    visit(searchOf(next));
    this.#show(next, tokens.at(clock())?.jwt !== before?.jwt);
    return "";
  }

  /** Goes to the choice of an address in the browser's history. */
  revisit(search: string): void {
    this.#show(this.#choiceAt(search), false);
  }

  /** To be called about once a second while somebody looks. */
  tick(): void {
    this.#session.tick();
  }

  /** Who holds a token is meant where an address names nobody. */
  #choiceAt(search: string): Choice {
    const { tokens, clock } = this.#options;
    const choice = choiceOf(search);
    return { ...choice, me: choice.me || (tokens.at(clock())?.playerId ?? "") };
  }

  #show(choice: Choice, isTokenNew: boolean): void {
    const before = this.#choice;
    this.#choice = choice;
    if (isTokenNew || !isSameBoard(before, choice)) {
      this.#session.close();
      this.#sessionKey += 1;
      this.#session = this.#open();
    } else this.#session.follow(choice.me);
    this.#options.changed();
  }

  #open(): BoardSession {
    const { client, presence, clock, changed, games, failed } = this.#options;
    const { gameId } = this.#choice;
    let isSeen = false;
    const session = new BoardSession({
      client,
      presence,
      clock,
      choice: this.#choice,
      changed: () => {
        if (session !== this.#session) return;
        if (!isSeen && session.shown.frame) {
          isSeen = true;
          games.add(gameId);
        }
        changed();
      },
    });
    session.run().catch(failed);
    return session;
  }
}
