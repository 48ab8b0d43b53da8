import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  RankingDifference_Kind,
  type RankingDifferenceSchema,
  type RankingRecordSchema,
  type RebuildRankingResponseSchema,
  type VerifyRankingResponseSchema,
} from "../../gen/score/v1/admin_pb.js";
import type { RebuildProgress } from "../service/rebuild-ranking.ts";
import type { VerifyProgress } from "../service/verify-ranking.ts";
import { fromBoard } from "./messages.ts";

type Difference = VerifyProgress["differences"][number];

export function fromVerifyProgress(
  progress: VerifyProgress,
): MessageInitShape<typeof VerifyRankingResponseSchema> {
  return {
    ...fromBoardOfGame(progress),
    playersChecked: BigInt(progress.playersChecked),
    totalPlayers: BigInt(progress.totalPlayers),
    differences: progress.differences.map(fromDifference),
    differenceCount: BigInt(progress.differenceCount),
    done: progress.isDone,
  };
}

export function fromRebuildProgress(
  progress: RebuildProgress,
): MessageInitShape<typeof RebuildRankingResponseSchema> {
  return {
    ...fromBoardOfGame(progress),
    playersBuilt: BigInt(progress.playersBuilt),
    totalPlayers: BigInt(progress.totalPlayers),
    took: durationFromMs(progress.tookMs),
    done: progress.isDone,
  };
}

function fromBoardOfGame({ gameId, board }: Pick<VerifyProgress, "gameId" | "board">) {
  const { boardId, state } = fromBoard(board);
  return { gameId, boardId: boardId ?? "", ...(state === undefined ? {} : { state }) };
}

const kinds = {
  missing: RankingDifference_Kind.MISSING,
  surplus: RankingDifference_Kind.SURPLUS,
  other: RankingDifference_Kind.OTHER,
} satisfies Record<Difference["kind"], RankingDifference_Kind>;

function fromDifference(difference: Difference): MessageInitShape<typeof RankingDifferenceSchema> {
  const { playerId, kind, fields, ledger, ranking } = difference;
  return {
    playerId,
    kind: kinds[kind],
    fields: [...fields],
    ...(ledger && { ledger: fromRecord(ledger) }),
    ...(ranking && { ranking: fromRecord(ranking) }),
  };
}

function fromRecord(
  record: NonNullable<Difference["ranking"]>,
): MessageInitShape<typeof RankingRecordSchema> {
  const { score, seq, version, displayName = "", updatedAt } = record;
  return {
    ...(score === undefined ? {} : { score: toInt64(score) }),
    seq: BigInt(seq),
    version: BigInt(version),
    displayName,
    ...(updatedAt > 0 ? { updatedAt: timestampFromMs(updatedAt) } : {}),
  };
}

/** Somebody may have put any number there. */
function toInt64(score: number): bigint {
  if (Math.abs(score) <= 2 ** 62) return BigInt(Math.round(score));
  return score > 0 ? 2n ** 63n - 1n : -(2n ** 63n);
}
