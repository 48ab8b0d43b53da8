import type { Ledger } from "../../src/ledger/ledger.ts";
import type { RedisConnection } from "../../src/ranking/redis-connection.ts";
import type { ScriptName } from "../../src/ranking/redis-scripts.ts";

/** Fails calls of a script while `isBroken`: before Redis hears of them, or after it did them. */
export class Breaker {
  isBroken = false;
  /** Calls that it failed. */
  hits = 0;
  readonly #script: ScriptName;
  readonly #when: "before" | "after";

  constructor(script: ScriptName, when: "before" | "after") {
    this.#script = script;
    this.#when = when;
  }

  readonly wrap = (connection: RedisConnection): RedisConnection => ({
    ...connection,
    run: async (script, key, args) => {
      const isHit = this.isBroken && script === this.#script;
      if (isHit) this.hits += 1;
      if (isHit && this.#when === "before") throw new Error("lost on the way there");
      const reply = await connection.run(script, key, args);
      if (isHit) throw new Error("lost on the way back");
      return reply;
    },
  });
}

/** The ledger with some of its standing reader's, registry's or event log's methods replaced. */
export const replacing =
  (
    replace: (ledger: Ledger) => {
      standings?: Partial<Ledger["standings"]>;
      instances?: Partial<Ledger["instances"]>;
      events?: Partial<Ledger["events"]>;
    },
  ) =>
  (ledger: Ledger): Ledger => {
    const { standings, instances, events } = replace(ledger);
    const on = <T extends object>(target: T, own: Partial<T> = {}): T =>
      new Proxy(target, {
        get: (_, name) => {
          const value = Reflect.get(name in own ? own : target, name);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    return {
      ...ledger,
      events: on(ledger.events, events),
      standings: on(ledger.standings, standings),
      instances: on(ledger.instances, instances),
    };
  };
