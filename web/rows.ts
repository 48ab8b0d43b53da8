import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import type { Entry } from "../gen/score/v1/score_pb.js";
import type { Movement, RankMemory } from "./movement.ts";
import { type Tie, tiesOf } from "./ties.ts";

/** One line of a table as shown. Two rows that look the same are the same object. */
export interface Row {
  readonly playerId: string;
  readonly name: string;
  readonly rank: number;
  readonly score: bigint;
  /** Epoch ms. */
  readonly updatedAt: number;
  readonly movement: Movement;
  readonly tie: Tie;
  readonly isMe: boolean;
}

/**
 * Turns the entries of frames into rows. A row that did not change since the
 * frame before is the same object again, so that drawing can skip it.
 */
export class Rows {
  readonly #memory: RankMemory;
  #last: ReadonlyMap<string, Row> = new Map();

  constructor(memory: RankMemory) {
    this.#memory = memory;
  }

  /** The rows at `now` (ms). */
  of(entries: readonly Entry[], me: string, now: number): readonly Row[] {
    const ties = tiesOf(entries.map(({ score }) => score));
    this.#memory.remember(entries, now);
    const rows = entries.map((entry, index): Row => {
      const { playerId, displayName, score, updatedAt } = entry;
      const rank = Number(entry.rank);
      const row: Row = {
        playerId,
        name: displayName || playerId,
        rank,
        score,
        updatedAt: msOf(updatedAt),
        movement: this.#memory.movement({ playerId, rank }),
        tie: ties[index],
        isMe: playerId === me,
      };
      const before = this.#last.get(playerId);
      return before && isSame(before, row) ? before : row;
    });
    this.#last = new Map(rows.map((row) => [row.playerId, row]));
    return rows;
  }
}

function isSame(one: Row, other: Row): boolean {
  return (
    one.rank === other.rank &&
    one.score === other.score &&
    one.updatedAt === other.updatedAt &&
    one.movement === other.movement &&
    one.tie === other.tie &&
    one.isMe === other.isMe &&
    one.name === other.name
  );
}

function msOf(time: Timestamp | undefined): number {
  return time ? timestampMs(time) : 0;
}
