import type { RankedStanding } from "../model/standing.ts";
import type { RankedPage } from "../ranking/ranking.ts";

/**
 * One message on a watch: the whole top, or a heartbeat. All watchers of a
 * board and limit are given the same object, so that a lane encodes it once.
 */
export interface Frame {
  readonly heartbeat: boolean;
  readonly epoch: number;
  /** A later frame never has a lower (epoch, version). */
  readonly version: number;
  /** Any instance's frame of this (epoch, version) shows the same; not so while the ranking is unavailable. */
  readonly isShared: boolean;
  readonly entries: readonly RankedStanding[];
  readonly totalPlayers: number;
  /** Epoch ms of the newest change in the frame; undefined when the board is empty. */
  readonly changedAt: number | undefined;
  /** Grows with each change of any player's standing, shown or not. */
  readonly changes: number;
}

/**
 * The frame that shows the first `limit` of `page` after `last`; `last` itself
 * when nothing shown changed. While the ranking is unavailable pages carry no
 * version, and afterwards perhaps one that was passed meanwhile: a frame that
 * shows something new is newer all the same.
 */
export function nextFrame(page: RankedPage, limit: number, last: Frame | undefined): Frame {
  const entries = page.standings.slice(0, limit);
  // Nobody leaves a board: fewer are those that a ranking, back again, still misses.
  const totalPlayers = Math.max(page.totalPlayers, last?.totalPlayers ?? 0);
  if (last && isSame(last, totalPlayers, entries)) return last;
  const epoch = Math.max(page.epoch, last?.epoch ?? 0);
  const isAfter = last === undefined || epoch > last.epoch || page.version > last.version;
  const version = isAfter && page.epoch === epoch ? page.version : (last?.version ?? 0) + 1;
  const isShared = page.epoch > 0 && epoch === page.epoch && version === page.version;
  const changes = Math.max(page.changes, last?.changes ?? 0);
  const changedAt = entries.reduce<number | undefined>(
    (newest, { updatedAt }) => Math.max(newest ?? 0, updatedAt),
    undefined,
  );
  return { heartbeat: false, epoch, version, isShared, entries, totalPlayers, changedAt, changes };
}

/** Says that `frame` is still current. */
export function heartbeatOf(frame: Frame): Frame {
  return { ...frame, heartbeat: true, entries: [] };
}

/** A standing's version tells whether anything of it changed. */
function isSame(last: Frame, totalPlayers: number, entries: readonly RankedStanding[]): boolean {
  return (
    last.totalPlayers === totalPlayers &&
    last.entries.length === entries.length &&
    last.entries.every((entry, index) => {
      const now = entries[index];
      return now?.playerId === entry.playerId && now.version === entry.version;
    })
  );
}
