import type { RateLimits } from "../../src/access/rate-limits.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { BoardReader } from "../../src/ranking/board-reader.ts";
import { Projector } from "../../src/ranking/projector.ts";
import type { Ranking } from "../../src/ranking/ranking.ts";
import { GameCatalog } from "../../src/service/game-catalog.ts";
import type { Rooms } from "../../src/service/rooms.ts";
import { WatchHub } from "../../src/watch/watch-hub.ts";
import { Lifetime } from "./lifetime.ts";
import { openModelLedger } from "./model-ledger.ts";
import { remoteRanking } from "./remote-ranking.ts";
import { Wire } from "./wire.ts";
import type { World } from "./world.ts";

/** The service's times in ms, and the rest of the world's, in about the proportions that they have. */
export const times = {
  patienceMs: 60,
  lostAfterMs: 1_500,
  leaseMs: 400,
  reportMs: 100,
  waitMs: 50,
  tickMs: 10,
  pollMs: 100,
  heartbeatMs: 300,
};

/** One instance of the service as far as boards go, made of the real rooms. */
export class Instance {
  readonly instanceId: string;
  readonly life = new Lifetime();
  readonly ledger: Ledger;
  readonly ranking: Ranking;
  readonly projector: Projector;
  readonly hub: WatchHub;
  readonly rooms: Rooms;
  /** It started, and was not told to stop. */
  isOpen = false;

  constructor(world: World, instanceId: string) {
    const { schedule, faults, time, database, server } = world;
    const { life } = this;
    const { now } = time;
    const timers = time.timersOf(life);
    const onError = (message: string, error: unknown) => world.complain(message, error);
    const reach = { schedule, faults, caller: life, time, limitMs: Number.POSITIVE_INFINITY };
    this.instanceId = instanceId;
    this.ledger = openModelLedger({
      instanceId,
      database,
      wire: new Wire(reach),
      limits: { queuedEvents: 8, batchEvents: 3, patienceMs: times.patienceMs },
      now,
      timers,
      opened: () => schedule.turn("commit ends"),
    });
    const wire = new Wire(reach);
    this.ranking = remoteRanking({ server, instanceId, wire, schedule, faults, owner: life });
    const { ledger, ranking } = this;
    const { reportMs, waitMs, tickMs, pollMs, heartbeatMs } = times;
    this.projector = new Projector({
      ledger,
      ranking,
      limits: { reportMs, waitMs },
      now,
      timers,
      onError,
      onCatchUp: (kind) => world.onCatchUp(kind),
      onPlaced: () => {},
    });
    const { projector } = this;
    this.hub = new WatchHub({
      times: { tickMs, pollMs, heartbeatMs },
      maxWatches: 100,
      maxWatchesPerCaller: 0,
      now,
      timers,
      onFrames: () => {},
      onError,
    });
    this.rooms = {
      ledger,
      catalog: new GameCatalog(ledger.games, now, timers),
      ranking,
      projector,
      reader: new BoardReader({ projector, ledger, tickMs, now, timers }),
      hub: this.hub,
      // Servers have no limits.
      limits: undefined as unknown as RateLimits,
      now,
      monotonicNow: now,
      timers,
      anonymousRead: true,
      maxSkewMs: 0,
      stopping: new AbortController().signal,
      startUpkeep: () => {},
      onDifferences: () => {},
    };
  }

  async start(): Promise<void> {
    await this.projector.start();
    this.isOpen = true;
  }

  /** With a goodbye, as the service does it: everything that was accepted ends. */
  async close(): Promise<void> {
    this.isOpen = false;
    this.hub.close();
    await this.projector.close();
    await this.ranking.close();
    await this.ledger.close();
  }

  /** In the middle of anything. */
  kill(): void {
    this.isOpen = false;
    this.life.end();
  }
}
