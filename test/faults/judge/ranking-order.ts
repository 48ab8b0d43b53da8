import type { Cluster, Redis } from "ioredis";
import type pg from "pg";
import { ScoreService } from "../../../gen/score/v1/score_pb.js";
import { fromRedisPlayer } from "../../../src/ranking/redis-player.ts";
import { GrpcClient } from "../../lanes/grpc-client.ts";
import type { BoardRules, RankedBoard } from "./history.ts";

/** A board as it lies in Redis, read past the service; see src/ranking/lua/record.lua for its form. */
export async function redisOrder(
  pool: pg.Pool,
  redis: Redis | Cluster,
  gameId: string,
  { boardId, direction }: BoardRules,
): Promise<RankedBoard> {
  const { rows } = await pool.query(
    `select ledger_id as "ledgerId", board_no as "boardNo"
    from board join game using (game_no), ledger where game_id = $1 and board_id = $2`,
    [gameId, boardId],
  );
  const [{ ledgerId, boardNo }] = rows;
  const key = `score:${String(ledgerId).slice(0, 8)}:{${boardNo}}`;
  const epoch = await redis.hget(key, "epoch");
  const found = await redis.zrevrangeBuffer(`${key}:z:${epoch}`, 0, -1, "WITHSCORES");
  const sign = direction === "descending" ? 1 : -1;
  const entries = [];
  for (let at = 0; at < found.length; at += 2) {
    const playerId = fromRedisPlayer(String(found[at]?.subarray(invertedSeqBytes)));
    entries.push({ playerId, score: sign * Number(String(found[at + 1])) });
  }
  return { source: "Redis", boardId, entries };
}

const invertedSeqBytes = 7;

/** A board as an instance serves it, page by page; rejects with a CallError while it can't. */
export async function servedOrder(
  port: number,
  gameId: string,
  { boardId }: BoardRules,
): Promise<RankedBoard> {
  const client = new GrpcClient(port);
  const entries = [];
  try {
    for (let pageToken = ""; ; ) {
      const request = { gameId, boardId, limit: 100, pageToken };
      const { getLeaderboard } = ScoreService.method;
      const page = await client.call(getLeaderboard, request, { timeoutMs: 2_000 });
      for (const { playerId, score } of page.entries)
        entries.push({ playerId, score: Number(score) });
      pageToken = page.nextPageToken;
      if (pageToken === "") return { source: `the service at ${port}`, boardId, entries };
    }
  } finally {
    client.close();
  }
}
