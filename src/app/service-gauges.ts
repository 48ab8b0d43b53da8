import { X509Certificate } from "node:crypto";
import type { RemoteKeys } from "../access/remote-keys.ts";
import type { Ledger, PendingUpkeep } from "../ledger/ledger.ts";
import type { Gauges } from "../ops/gauges.ts";
import type { Projector } from "../ranking/projector.ts";
import type { RedisConnection } from "../ranking/redis-connection.ts";
import type { WatchHub } from "../watch/watch-hub.ts";
import type { Settings } from "./settings.ts";

/** The parts that know the figures. */
interface GaugeSources {
  readonly settings: Settings;
  readonly ledger: Ledger;
  readonly projector: Projector;
  readonly hub: WatchHub;
  /** Undefined: the ranking is in memory, and always up. */
  readonly redis: RedisConnection | undefined;
  /** Undefined unless keys come from an address. */
  readonly keys: RemoteKeys | undefined;
  readonly tls: { readonly cert: Buffer } | undefined;
  readonly isReady: () => boolean;
  readonly isLedgerUp: () => boolean;
  readonly pending: () => PendingUpkeep;
}

/** What a scrape reads; nothing in it waits for anything. */
export function serviceGauges(sources: GaugeSources): Gauges {
  const { settings, ledger, projector, hub, redis, keys, tls, pending } = sources;
  return {
    ready: sources.isReady,
    ledgerUp: sources.isLedgerUp,
    queuedEvents: () => ledger.queued,
    maxQueuedEvents: () => settings.SCORE_MAX_QUEUED_EVENTS,
    boardsFilling: () => pending().boardsFilling,
    deletions: () => pending().deletions,
    rankingUp: () => redis?.isUp ?? true,
    boardsBehind: () => projector.boardsBehind,
    checkpointLag: () => projector.checkpointLag,
    watches: () => hub.watches,
    maxWatches: () => settings.SCORE_MAX_WATCHES,
    keysUp: keys && (() => keys.isUp),
    keysAge: keys && (() => keys.ageMs / 1_000),
    certificateEnd: tls && certificateEnd(tls.cert),
  };
}

/** Of the first certificate of the file, which is the service's own. */
function certificateEnd(pem: Buffer): () => number {
  const seconds = Date.parse(new X509Certificate(pem).validTo) / 1_000;
  return () => seconds;
}
