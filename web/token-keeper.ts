import { type Token, tokenOf } from "./identity.ts";
import type { Storage } from "./storage.ts";

const key = "score.token";

/** Holds the spectator's token for as long as the tab lives; never in an address. */
export class TokenKeeper {
  readonly #storage: Storage;
  #token: Token | undefined;

  /** `storage` is the tab's own (sessionStorage) and must not throw. */
  constructor(storage: Storage) {
    this.#storage = storage;
    this.#token = tokenOf(storage.getItem(key) ?? "");
  }

  keep(token: Token): void {
    this.#token = token;
    this.#storage.setItem(key, token.jwt);
  }

  drop(): void {
    this.#token = undefined;
    this.#storage.removeItem(key);
  }

  /** The token at `now` (epoch ms); one that has expired is dropped, so that reading goes on without. */
  at(now: number): Token | undefined {
    if (this.#token && this.#token.expiresAt <= now) this.drop();
    return this.#token;
  }
}
