import type { Board } from "../model/game.ts";
import { ScoreError } from "../model/score-error.ts";
import type { Standing } from "../model/standing.ts";
import type { Expected } from "./holdings.ts";
import {
  type Comparison,
  type Placements,
  type RankedPage,
  type Ranking,
  type RankingHead,
  RankingMissing,
  type Rebuild,
  rebuildLeaseMs,
  type ScanCursor,
  type ScanStep,
} from "./ranking.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { digestOf, type RedisScanCursor, readComparison, readScan } from "./redis-holdings.ts";
import { fromRedisPlayer, toRedisPlayer } from "./redis-player.ts";
import type { ScriptName } from "./redis-scripts.ts";

/** The standings one script call takes at most, so that no other command waits for long. */
const standingsPerCall = 500;

interface RedisRankingOptions {
  readonly connection: RedisConnection;
  readonly ledgerId: string;
  /** Names this process among those that may rebuild. */
  readonly instanceId: string;
}

/** The order of boards in Redis sorted sets, shared by all instances. */
export class RedisRanking implements Ranking {
  readonly #connection: RedisConnection;
  readonly #prefix: string;
  readonly #instanceId: string;
  readonly #followers = new Map<string, Set<() => void>>();

  constructor({ connection, ledgerId, instanceId }: RedisRankingOptions) {
    this.#connection = connection;
    this.#prefix = `score:${ledgerId.slice(0, 8)}`;
    this.#instanceId = instanceId;
    connection.onMessage((channel) => {
      for (const onChange of this.#followers.get(channel) ?? []) onChange();
    });
  }

  async place(board: Board, standings: readonly Standing[]): Promise<Placements> {
    const replies = await Promise.all(
      encodedParts(standings).map((part) =>
        this.#run<number[]>(board, "place", [signOf(board), part]),
      ),
    );
    const placements = replies.flatMap((reply) => [...readPlacements(reply)]);
    const [epoch = 0, version = 0] = replies.at(-1) ?? [];
    return { epoch, version, placements };
  }

  page(board: Board, offset: number, limit: number): Promise<RankedPage> {
    return this.#read(board, offset, limit, "") as Promise<RankedPage>;
  }

  around(board: Board, playerId: string, limit: number): Promise<RankedPage | undefined> {
    return this.#read(board, 0, limit, playerId);
  }

  async head(board: Board): Promise<RankingHead | undefined> {
    const key = this.#key(board.boardNo);
    const reply = await available(this.#connection.run("head", key, []));
    if (reply === null) return undefined;
    const [epoch = 0, version = 0, checkpoint = 0] = (reply as string[]).map(Number);
    return { epoch, version, checkpoint };
  }

  async setCheckpoint(board: Board, seq: number): Promise<void> {
    await this.#run(board, "set-checkpoint", [seq]);
  }

  async compare(board: Board, expected: readonly Expected[]): Promise<Comparison> {
    const players = JSON.stringify(expected.map(({ playerId }) => toRedisPlayer(playerId)));
    const args = [signOf(board), players, digestOf(expected)];
    const reply = await this.#run<(number | string)[]>(board, "compare", args);
    return readComparison(reply, expected);
  }

  async scan(board: Board, after: ScanCursor | undefined): Promise<ScanStep> {
    const first: RedisScanCursor = { part: "records", cursor: "0" };
    const { part, cursor } = (after ?? first) as RedisScanCursor;
    const args = [signOf(board), part, cursor, standingsPerCall];
    return readScan(await this.#run<(number | string)[]>(board, "scan", args), part);
  }

  async beginRebuild(board: Board, epoch: number): Promise<Rebuild | undefined> {
    const begun = await this.#run(board, "begin-rebuild", [
      this.#instanceId,
      epoch,
      rebuildLeaseMs,
    ]);
    if (begun !== 1) return undefined;
    const step = async (script: ScriptName, args: (string | number)[]) => {
      if ((await this.#run(board, script, args)) !== 1) {
        throw new ScoreError("ranking_unavailable", `another rebuild of ${board.boardId} began`);
      }
    };
    return {
      add: async (standings) => {
        const parts = encodedParts(standings);
        const lease = [epoch, rebuildLeaseMs, signOf(board)];
        await Promise.all(parts.map((part) => step("add-rebuild", [...lease, part])));
      },
      finish: (checkpoint) => step("finish-rebuild", [epoch, checkpoint]),
    };
  }

  async remove(boardNo: number): Promise<void> {
    await available(this.#connection.run("remove", this.#key(boardNo), []));
  }

  async follow(boardNo: number, onChange: () => void): Promise<() => void> {
    const channel = this.#key(boardNo);
    const followers = this.#followers.get(channel) ?? new Set();
    this.#followers.set(channel, followers.add(onChange));
    // What fails now is tried again for as long as somebody follows.
    if (followers.size === 1) await this.#connection.subscribe(channel).catch(() => {});
    return () => {
      followers.delete(onChange);
      if (followers.size > 0 || this.#followers.get(channel) !== followers) return;
      this.#followers.delete(channel);
      // Without a connection there is nothing to unsubscribe from.
      this.#connection.unsubscribe(channel).catch(() => {});
    };
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #key(boardNo: number): string {
    return `${this.#prefix}:{${boardNo}}`;
  }

  async #run<T = unknown>(
    board: Board,
    script: ScriptName,
    args: readonly (string | number)[],
  ): Promise<T> {
    const key = this.#key(board.boardNo);
    const reply = await available(this.#connection.run(script, key, args));
    if (reply === null) throw new RankingMissing(board);
    return reply as T;
  }

  async #read(board: Board, offset: number, limit: number, playerId: string) {
    const args = [signOf(board), offset, limit, toRedisPlayer(playerId)];
    const reply = await this.#run<(number | string)[] | 0>(board, "read", args);
    return reply === 0 ? undefined : readPage(reply);
  }
}

/** Whatever goes wrong with Redis, the ranking is unavailable and the cause is kept. */
async function available<T>(reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (cause) {
    const options = { cause, retryAfterMs: 1_000 };
    throw new ScoreError("ranking_unavailable", "the ranking is unavailable", options);
  }
}

function signOf(board: Board): number {
  return board.direction === "descending" ? 1 : -1;
}

/** What each call takes; of no standings one, which answers the state. */
function encodedParts(standings: readonly Standing[]): string[] {
  const parts: string[] = [];
  for (let at = 0; at === 0 || at < standings.length; at += standingsPerCall) {
    parts.push(encode(standings.slice(at, at + standingsPerCall)));
  }
  return parts;
}

function encode(standings: readonly Standing[]): string {
  return JSON.stringify(
    standings.map(({ playerId, score, seq, version, updatedAt, displayName }) => [
      toRedisPlayer(playerId),
      score,
      seq,
      version,
      Math.floor(updatedAt),
      displayName ?? "",
    ]),
  );
}

function* readPlacements(reply: readonly number[]) {
  for (let at = 2; at < reply.length; at += 2) {
    yield { rank: reply[at] ?? 0, previousRank: reply[at + 1] || undefined };
  }
}

function readPage(reply: readonly (number | string)[]): RankedPage {
  const head = reply.slice(0, 6).map(Number);
  const [epoch = 0, version = 0, totalPlayers = 0, changedAt, changes = 0, offset = 0] = head;
  const standings = [];
  for (let at = 6, rank = offset + 1; at < reply.length; at += 6, rank += 1) {
    standings.push({
      rank,
      playerId: fromRedisPlayer(String(reply[at])),
      score: Number(reply[at + 1]),
      seq: Number(reply[at + 2]),
      version: Number(reply[at + 3]),
      updatedAt: Number(reply[at + 4]),
      displayName: String(reply[at + 5]) || undefined,
    });
  }
  return {
    epoch,
    version,
    totalPlayers,
    changedAt: changedAt || undefined,
    changes,
    standings,
  };
}
