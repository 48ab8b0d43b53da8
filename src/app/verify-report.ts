import { isatty } from "node:tty";
import {
  BoardState,
  RankingDifference_Kind as Kind,
  type RankingDifference,
  type RankingRecord,
} from "../../gen/score/v1/admin_pb.js";
import { aligned } from "./aligned.ts";

/** How a board came out. */
export interface BoardResult {
  readonly gameId: string;
  readonly boardId: string;
  readonly state: BoardState;
  readonly playersChecked: bigint;
  readonly differenceCount: bigint;
  /** Those that were named. */
  readonly differences: readonly RankingDifference[];
}

const columns = ["player", "what", "ledger", "ranking"] as const;

/** One line that says how a board came out, and a table of what differs. */
export function reportOf(result: BoardResult): string {
  const { gameId, boardId, state, playersChecked, differenceCount, differences } = result;
  const board = `${gameId}/${boardId}`;
  if (state === BoardState.FILLING) return `${board}: is being filled, not compared\n`;
  const compared = `${board}: ${playersChecked} players compared`;
  if (differenceCount === 0n) return `${compared}, the ranking is the ledger's\n`;
  const lines = aligned([columns, ...differences.map(rowOf)]).map((line) => `  ${line}`);
  const more = differenceCount - BigInt(differences.length);
  if (more > 0n) lines.push(`  and ${more} more`);
  return `${compared}, ${differenceCount} ${differenceCount === 1n ? "difference" : "differences"}\n${lines.join("\n")}\n`;
}

function rowOf({ playerId, kind, fields, ledger, ranking }: RankingDifference): string[] {
  return [playerId, whatOf(kind, fields), recordText(ledger), recordText(ranking)];
}

function whatOf(kind: Kind, fields: readonly string[]): string {
  if (kind === Kind.MISSING) return "missing in the ranking";
  if (kind === Kind.SURPLUS) return "too much in the ranking";
  return `other ${fields.join(", ")}`;
}

function recordText(record: RankingRecord | undefined): string {
  if (record === undefined) return "-";
  const { score, seq, version, displayName } = record;
  const parts = [score === undefined ? "no place" : `${score} points`, `seq ${seq}`];
  if (version > 0n) parts.push(`version ${version}`);
  if (displayName !== "") parts.push(JSON.stringify(displayName));
  return parts.join(", ");
}

/** A line on standard error that tells how far it is: it rewrites itself on a terminal. */
export class ProgressLine {
  readonly #isTerminal = isatty(process.stderr.fd);
  /** When a line was last written, for a log that must not fill up. */
  #saidAt = Number.NEGATIVE_INFINITY;

  show(text: string): void {
    if (this.#isTerminal) process.stderr.write(`\r\x1b[K${text}`);
    else if (performance.now() - this.#saidAt > 5_000) {
      this.#saidAt = performance.now();
      process.stderr.write(`${text}\n`);
    }
  }

  clear(): void {
    if (this.#isTerminal) process.stderr.write("\r\x1b[K");
  }
}
