import { createHash } from "node:crypto";
import type { Expected, Held } from "./holdings.ts";
import type { Comparison, ScanStep } from "./ranking.ts";
import { fromRedisPlayer } from "./redis-player.ts";

/** Where a scan in Redis goes on. */
export interface RedisScanCursor {
  readonly part: "records" | "order";
  readonly cursor: string;
}

/** The digest that `compare.lua` makes when the ranking holds exactly this. */
export function digestOf(expected: readonly Expected[]): string {
  const hash = createHash("sha1");
  for (const { standing } of expected) {
    if (standing === undefined) {
      hash.update("-");
      continue;
    }
    const { seq, version, updatedAt, displayName = "", score } = standing;
    const numbers = Buffer.alloc(19);
    const inverted = Number.MAX_SAFE_INTEGER - seq;
    numbers.writeUIntBE(Math.floor(inverted / 2 ** 48), 0, 1);
    numbers.writeUIntBE(inverted % 2 ** 48, 1, 6);
    numbers.writeUIntBE(version, 7, 6);
    numbers.writeUIntBE(Math.floor(updatedAt), 13, 6);
    const name = Buffer.from(displayName);
    hash.update(`${numbers.length + name.length}:`);
    hash.update(numbers);
    hash.update(name);
    hash.update(`${score};`);
  }
  return hash.digest("hex");
}

/** Reads the reply of `compare.lua`. */
export function readComparison(
  reply: readonly (number | string)[],
  expected: readonly Expected[],
): Comparison {
  const [epoch = 0, version = 0, players = 0, places = 0] = reply.slice(0, 4).map(Number);
  const held =
    reply.length === 4
      ? undefined
      : expected.map(({ playerId }, index) =>
          readHeld(playerId, reply.slice(4 + 5 * index, 9 + 5 * index)),
        );
  return { epoch, version, players, places, held };
}

function readHeld(playerId: string, fields: readonly (number | string)[]): Held | undefined {
  const [version = 0, seq = 0, updatedAt = 0, name = "", score = ""] = fields;
  if (version === 0) return undefined;
  return {
    playerId,
    score: score === "" ? undefined : readScore(score),
    seq: Number(seq),
    version: Number(version),
    updatedAt: Number(updatedAt),
    displayName: String(name) || undefined,
  };
}

/** Reads the reply of `scan.lua`. */
export function readScan(
  reply: readonly (number | string)[],
  part: RedisScanCursor["part"],
): ScanStep {
  const [epoch = 0, version = 0, cursor = "0", ...found] = reply;
  const state = { epoch: Number(epoch), version: Number(version) };
  const isLast = String(cursor) === "0";
  const sameAgain = { part, cursor: String(cursor) } satisfies RedisScanCursor;
  if (part === "records") {
    const next = isLast ? ({ part: "order", cursor: "0" } satisfies RedisScanCursor) : sameAgain;
    return {
      ...state,
      playerIds: found.map((name) => fromRedisPlayer(String(name))),
      strays: [],
      next,
    };
  }
  const strays = [];
  for (let at = 0; at < found.length; at += 3) {
    const [playerId, score = 0, seq] = found.slice(at, at + 3);
    strays.push({
      playerId: fromRedisPlayer(String(playerId)),
      score: readScore(score),
      seq: Number(seq),
    });
  }
  return { ...state, playerIds: [], strays, next: isLast ? undefined : sameAgain };
}

/** Somebody may have put anything there: also `inf`. */
function readScore(text: string | number): number {
  if (text === "inf") return Number.POSITIVE_INFINITY;
  return text === "-inf" ? Number.NEGATIVE_INFINITY : Number(text);
}
