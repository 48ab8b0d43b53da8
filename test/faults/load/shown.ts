import type { Entry } from "../../../gen/score/v1/score_pb.js";
import type { ShownEntry } from "../judge/history.ts";

export function toShown({ rank, playerId, score }: Entry): ShownEntry {
  return { rank: Number(rank), playerId, score: Number(score) };
}
