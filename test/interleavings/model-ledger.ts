import { ledgerUnavailable } from "../../src/ledger/database-failure.ts";
import { type EventLogLimits, GroupedEventLog } from "../../src/ledger/grouped-event-log.ts";
import type { InstanceRegistry, Ledger, StandingReader } from "../../src/ledger/ledger.ts";
import { eventKey } from "../../src/ledger/look-up.ts";
import type { ScoreEvent } from "../../src/model/score-event.ts";
import type { Timers } from "../../src/model/timers.ts";
import type { ModelDatabase } from "./model-database.ts";
import type { Wire } from "./wire.ts";

/** So few that catch-ups and rebuilds of few players take several steps. */
const rowsPerStep = 2;

interface ModelLedgerOptions {
  readonly instanceId: string;
  readonly database: ModelDatabase;
  readonly wire: Wire;
  readonly limits: EventLogLimits;
  readonly now: () => number;
  readonly timers: Timers;
  /** Resolves when it is the turn of what a commit does after it took its locks. */
  readonly opened: () => Promise<void>;
  /** Called with each batch that is sent to be committed; returns what to call when that has ended. */
  readonly onSend?: (batch: readonly ScoreEvent[]) => () => void;
}

/**
 * One instance's ledger on a ModelDatabase: the real event log and group
 * commit, and in the place of SQL plain maps behind a wire that fails. It is
 * no proof of the SQL: test/ledger holds the same behaviour against real
 * databases, in the orders that these happen to take. Here every order counts.
 */
export function openModelLedger(options: ModelLedgerOptions): Ledger {
  const {
    instanceId,
    database,
    wire,
    limits,
    now,
    timers,
    opened,
    onSend = () => () => {},
  } = options;
  database.wires.set(instanceId, wire);
  const read = async <T>(label: string, query: () => T): Promise<T> => {
    try {
      return await wire.call(label, query);
    } catch (cause) {
      throw ledgerUnavailable(cause);
    }
  };
  const events = new GroupedEventLog({
    statements: {
      commit(batch) {
        const ended = onSend(batch);
        const commit = (isTooLate: () => boolean) =>
          database.commit(batch, async () => {
            await opened();
            if (isTooLate()) throw new Error("canceled");
          });
        // No client of Postgres sends a statement twice; the log itself does.
        const rows = wire.call("commit", commit, true);
        return rows.finally(ended);
      },
      async lookUpEvents(batch) {
        if (batch.length === 0) return new Map();
        return wire.call("look up events", () => {
          database.mayBeConfused();
          const keys = batch.map((event) => eventKey(event.game.gameNo, event.actionId));
          const found = keys.flatMap((key) => {
            const event = database.events.get(key);
            return event ? [[key, { ...event, action: undefined }] as const] : [];
          });
          return new Map(found);
        });
      },
      async lookUpStandings(keys) {
        if (keys.length === 0) return [];
        return wire.call("look up standings", () =>
          keys.flatMap(({ boardNo, playerId }) => {
            const standing = database.boards.get(boardNo)?.find(playerId);
            return standing ? [{ boardNo, standing }] : [];
          }),
        );
      },
    },
    commitsInFlight: 2,
    limits,
    now,
    timers,
    onBatch: () => {},
  });
  const step = (limit: number) => Math.min(limit, rowsPerStep);
  const standings: StandingReader = {
    top: (board, offset, limit) => read("top", () => database.boardOf(board).top(offset, limit)),
    find: (board, playerId) => read("find", () => database.boardOf(board).find(playerId)),
    ofPlayers: (board, playerIds) =>
      read("of players", () => playerIds.flatMap((id) => database.boardOf(board).find(id) ?? [])),
    page: (board, after, limit) =>
      read("page", () => database.boardOf(board).page(after, step(limit))),
    changedSince: (board, seq, after, limit) =>
      read("changed since", () => database.changedSince(board, seq, after, step(limit))),
    boardsChangedSince: (seq) =>
      read("boards changed since", () =>
        [...database.boards.keys()].filter(
          (no) => database.eventsSince(database.gameOf(no)?.gameNo ?? 0, seq).length > 0,
        ),
      ),
  };
  let isRegistered = false;
  const instances: InstanceRegistry = {
    lastSeq: () => read("last seq", () => database.lastSeq),
    async report(projectedSeq) {
      const wasRegistered = isRegistered;
      const report = () => database.report(instanceId, projectedSeq, wasRegistered);
      const answer = await read("report", report);
      isRegistered = true;
      return answer;
    },
    cutOff: (id = instanceId) => read("cut off", () => database.wires.get(id)?.cut()),
    leave: () =>
      read("leave", () => {
        wire.cut();
        database.instances.delete(instanceId);
      }),
    checkpoint: () => read("checkpoint", () => database.checkpoint()),
    forget: (id) => read("forget", () => database.forget(id)),
    nextEpoch: (board) =>
      read("next epoch", () => {
        const table = database.boardOf(board);
        table.epoch += 1;
        return table.epoch;
      }),
  };
  const byId = (gameId: string) => [...database.games.values()].find((g) => g.gameId === gameId);
  const unused = () => Promise.reject(new Error("not part of the model"));
  return {
    ledgerId: "model",
    events,
    games: {
      find: (gameId) => read("find game", () => byId(gameId)),
      list: (after) =>
        read("list games", () => [...database.games.values()].filter((g) => g.gameId > after)),
      put: unused,
      ensure: unused,
      delete: unused,
    },
    standings,
    instances,
    upkeep: unused,
    pending: unused,
    get queued() {
      return events.queued;
    },
    ping: () => read("ping", () => {}),
    close: () => events.close(),
  };
}
