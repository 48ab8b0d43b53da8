import type { Standing } from "../model/standing.ts";

/** Rows of a whole part of the table: 512 KiB of numbers, half of which growing copies at most. */
const partRows = 16_384;

/** Rows that a part has room for at first: most boards are small. */
const firstRows = 64;

/** The numbers of a row: score, seq, version, updatedAt. */
const rowNumbers = 4;

interface Part {
  numbers: Float64Array;
  readonly playerIds: string[];
  readonly displayNames: (string | undefined)[];
}

/**
 * Standings by row number, from 0, in columns: a million of them as objects
 * are some four million things for the collector to look at, here they are
 * their ids. The table grows by parts, so that it never copies itself.
 */
export class StandingTable {
  /** All but the last one whole. */
  readonly #parts: Part[] = [];
  /** The rows of all parts. */
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Gives the standing's row. */
  add(standing: Standing): number {
    const row = this.#size;
    if (row % partRows === 0) {
      const numbers = new Float64Array(firstRows * rowNumbers);
      this.#parts.push({ numbers, playerIds: [], displayNames: [] });
    }
    this.#size += 1;
    const part = this.#part(row);
    part.playerIds.push(standing.playerId);
    if ((row % partRows) * rowNumbers === part.numbers.length) {
      const numbers = new Float64Array(2 * part.numbers.length);
      numbers.set(part.numbers);
      part.numbers = numbers;
    }
    this.set(row, standing);
    return row;
  }

  /** Writes a newer standing of the row's player over it. */
  set(row: number, standing: Standing): void {
    const { numbers, displayNames } = this.#part(row);
    const at = (row % partRows) * rowNumbers;
    numbers[at] = standing.score;
    numbers[at + 1] = standing.seq;
    numbers[at + 2] = standing.version;
    numbers[at + 3] = standing.updatedAt;
    displayNames[row % partRows] = standing.displayName;
  }

  get(row: number): Standing {
    const { playerIds, displayNames } = this.#part(row);
    return {
      playerId: playerIds[row % partRows] as string,
      ...this.place(row),
      version: this.version(row),
      updatedAt: this.#number(row, 3),
      displayName: displayNames[row % partRows],
    };
  }

  playerId(row: number): string {
    return this.#part(row).playerIds[row % partRows] as string;
  }

  /** What decides where the row ranks. */
  place(row: number): Pick<Standing, "score" | "seq"> {
    return { score: this.#number(row, 0), seq: this.#number(row, 1) };
  }

  version(row: number): number {
    return this.#number(row, 2);
  }

  #number(row: number, field: number): number {
    return this.#part(row).numbers[(row % partRows) * rowNumbers + field] as number;
  }

  #part(row: number): Part {
    return this.#parts[Math.trunc(row / partRows)] as Part;
  }
}
