import type { MessageInitShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  type BoardSchema,
  BoardState,
  type GameSchema,
  Aggregation as WireAggregation,
  Direction as WireDirection,
  type Game as WireGame,
} from "../../gen/score/v1/admin_pb.js";
import {
  type EntrySchema,
  type StreamScoresRequest,
  type UpdateScoreRequest,
  type UpdateScoreResponseSchema,
  type WatchLeaderboardResponse,
  WatchLeaderboardResponseSchema,
  type ScoreEvent as WireEvent,
} from "../../gen/score/v1/score_pb.js";
import type { Aggregation, Board, Direction, Game } from "../model/game.ts";
import type { Standing } from "../model/standing.ts";
import type { GameRequest } from "../service/put-game.ts";
import type { Accepted, Submission } from "../service/update-score.ts";
import type { EventResult } from "../service/update-scores.ts";
import type { Frame } from "../watch/frame.ts";
import type { RefusedCall } from "./guard.ts";
import { toStatus } from "./wire-error.ts";

/** An event, whichever message brought it. */
export function toSubmission(
  message: UpdateScoreRequest | WireEvent | StreamScoresRequest,
): Submission {
  const { gameId, playerId, actionId, what, displayName, occurredAt } = message;
  return {
    gameId,
    playerId,
    actionId,
    points: what.case === "points" ? what.value : undefined,
    action: what.case === "action" ? what.value : undefined,
    displayName,
    occurredAt: occurredAt && toMs(occurredAt),
  };
}

/** Epoch ms; a Timestamp out of its own range gives one that no rule accepts. */
function toMs({ seconds, nanos }: Timestamp): number {
  return nanos < 0 || nanos > 999_999_999 ? Number.NaN : Number(seconds) * 1_000 + nanos / 1e6;
}

export function fromAccepted(
  accepted: Accepted,
): MessageInitShape<typeof UpdateScoreResponseSchema> {
  return {
    duplicate: accepted.duplicate,
    seq: BigInt(accepted.seq),
    committedAt: timestampFromMs(accepted.committedAt),
    standings: accepted.standings.map((standing) => ({
      boardId: standing.boardId,
      score: BigInt(standing.score),
      ...optional("rank", standing.rank),
      ...optional("previousScore", standing.previousScore),
      ...optional("previousRank", standing.previousRank),
    })),
  };
}

/** The outcome of one event of many; `refuse` makes an error ready to leave. */
export function fromResult(
  { actionId, outcome }: EventResult,
  refuse: (error: unknown) => RefusedCall,
) {
  return "accepted" in outcome
    ? { actionId, outcome: { case: "accepted" as const, value: fromAccepted(outcome.accepted) } }
    : {
        actionId,
        outcome: { case: "error" as const, value: toStatus(refuse(outcome.error).wire) },
      };
}

export function fromStanding(
  standing: Standing,
  rank: number | undefined,
): MessageInitShape<typeof EntrySchema> {
  return {
    playerId: standing.playerId,
    displayName: standing.displayName ?? standing.playerId,
    score: BigInt(standing.score),
    rank: BigInt(rank ?? 0),
    updatedAt: timestampFromMs(standing.updatedAt),
  };
}

/** What every message about a part of a board says of it. */
export function fromPage(page: Pick<Frame, "totalPlayers" | "epoch" | "version" | "changedAt">) {
  return {
    totalPlayers: BigInt(page.totalPlayers),
    epoch: BigInt(page.epoch),
    version: BigInt(page.version),
    ...(page.changedAt === undefined ? {} : { changedAt: timestampFromMs(page.changedAt) }),
  };
}

/** A frame as a message; made once for all who are sent it. */
export function fromFrame(frame: Frame): WatchLeaderboardResponse {
  return create(WatchLeaderboardResponseSchema, {
    ...fromPage(frame),
    heartbeat: frame.heartbeat,
    changes: BigInt(frame.changes),
    entries: frame.entries.map((entry) => fromStanding(entry, entry.rank)),
  });
}

const aggregations: Record<WireAggregation, Aggregation> = {
  [WireAggregation.UNSPECIFIED]: "sum",
  [WireAggregation.SUM]: "sum",
  [WireAggregation.BEST]: "best",
  [WireAggregation.LATEST]: "latest",
};

const wireAggregations: Record<Aggregation, WireAggregation> = {
  sum: WireAggregation.SUM,
  best: WireAggregation.BEST,
  latest: WireAggregation.LATEST,
};

const directions: Record<WireDirection, Direction> = {
  [WireDirection.UNSPECIFIED]: "descending",
  [WireDirection.DESCENDING]: "descending",
  [WireDirection.ASCENDING]: "ascending",
};

export function toGameRequest(game: WireGame): GameRequest {
  return {
    gameId: game.gameId,
    boards: game.boards.map((board) => ({
      boardId: board.boardId,
      // A client of a later contract may send a number that is not in these tables.
      aggregation: aggregations[board.aggregation],
      direction: directions[board.direction],
      title: board.title,
    })),
    actions: game.actions.map(({ action, points, maxPerMinute }) => ({
      name: action,
      points,
      maxPerMinute,
    })),
  };
}

export function fromBoard(board: Board): MessageInitShape<typeof BoardSchema> {
  return {
    boardId: board.boardId,
    aggregation: wireAggregations[board.aggregation],
    direction: board.direction === "ascending" ? WireDirection.ASCENDING : WireDirection.DESCENDING,
    title: board.title,
    state: board.state === "ready" ? BoardState.READY : BoardState.FILLING,
  };
}

export function fromGame(game: Game): MessageInitShape<typeof GameSchema> {
  return {
    gameId: game.gameId,
    boards: game.boards.map(fromBoard),
    actions: [...game.actions.values()].map(({ name, points, maxPerMinute }) => ({
      action: name,
      points: BigInt(points),
      maxPerMinute,
    })),
    updatedAt: timestampFromMs(game.updatedAt),
  };
}

/** An optional int64 field: absent rather than undefined. */
function optional<K extends string>(key: K, value: number | undefined): { [P in K]?: bigint } {
  return value === undefined ? {} : ({ [key]: BigInt(value) } as { [P in K]?: bigint });
}
