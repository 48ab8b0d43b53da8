import type { Code } from "@connectrpc/connect";
import { AdminService } from "../../gen/score/v1/admin_pb.js";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { newEvent } from "../lanes/games.ts";
import { GrpcClient, toCallError } from "../lanes/grpc-client.ts";
import { CallError, type CallOptions, type LaneClient } from "../lanes/lane-client.ts";

/** On what a call is made. */
export interface Target {
  readonly gameId: string;
  readonly playerId: string;
}

export type Outcome = Code | "ok";

/** Resolves with what answers the call. */
export type Attempt = (
  client: LaneClient,
  target: Target,
  options: CallOptions,
) => Promise<Outcome>;

const { method: score } = ScoreService;
const { method: admin } = AdminService;

const win = { case: "action", value: "win" } as const;

/** A game whose only action is `win`, as PutGame takes it. */
export const gameOf = (gameId: string) => ({
  gameId,
  boards: [{ boardId: "main" }],
  actions: [{ action: "win", points: 1n }],
});

/** A call of each method, by the names of the table: the method's, and where it matters what is sent. */
export const attempts: Readonly<Record<string, Attempt>> = {
  "UpdateScore of points": (client, target, options) =>
    outcomeOf(client.call(score.updateScore, newEvent(target), options)),
  "UpdateScore of an action": (client, target, options) =>
    outcomeOf(client.call(score.updateScore, newEvent({ ...target, what: win }), options)),
  "UpdateScores of points": (client, target, options) =>
    updateScores(client, target, options, newEvent({ playerId: target.playerId })),
  "UpdateScores of an action": (client, target, options) =>
    updateScores(client, target, options, newEvent({ playerId: target.playerId, what: win })),
  "StreamScores of points": (client, target, options) =>
    streamScores(client, options, newEvent(target)),
  "StreamScores of an action": (client, target, options) =>
    streamScores(client, options, newEvent({ ...target, what: win })),
  GetLeaderboard: (client, { gameId, playerId }, options) =>
    outcomeOf(client.call(score.getLeaderboard, { gameId, aroundPlayerId: playerId }, options)),
  GetStanding: (client, target, options) =>
    outcomeOf(client.call(score.getStanding, { ...target }, options)),
  ListBoards: (client, { gameId }, options) =>
    outcomeOf(client.call(score.listBoards, { gameId }, options)),
  WatchLeaderboard: async (client, { gameId }, options) => {
    const frames = client.watch(score.watchLeaderboard, { gameId }, options);
    const outcome = await outcomeOf(frames.next());
    await frames.return(undefined);
    return outcome;
  },
  PutGame: (client, { gameId }, options) =>
    outcomeOf(client.call(admin.putGame, { game: gameOf(gameId) }, options)),
  GetGame: (client, { gameId }, options) =>
    outcomeOf(client.call(admin.getGame, { gameId }, options)),
  ListGames: (client, _target, options) => outcomeOf(client.call(admin.listGames, {}, options)),
  VerifyRanking: (client, { gameId }, options) =>
    outcomeOf(Array.fromAsync(client.watch(admin.verifyRanking, { gameId }, options))),
  RebuildRanking: (client, { gameId }, options) =>
    outcomeOf(Array.fromAsync(client.watch(admin.rebuildRanking, { gameId }, options))),
  DeleteGame: (client, { gameId }, options) =>
    outcomeOf(client.call(admin.deleteGame, { gameId }, options)),
};

async function updateScores(
  client: LaneClient,
  { gameId }: Target,
  options: CallOptions,
  event: ReturnType<typeof newEvent>,
): Promise<Outcome> {
  const call = client.call(score.updateScores, { gameId, events: [event] }, options);
  const outcome = await outcomeOf(call);
  return outcome === "ok" ? ofEvent((await call).results[0]) : outcome;
}

async function streamScores(
  client: LaneClient,
  options: CallOptions,
  event: ReturnType<typeof newEvent>,
): Promise<Outcome> {
  if (!(client instanceof GrpcClient)) throw new Error("StreamScores needs HTTP/2");
  const stream = client.stream(options);
  stream.end(event);
  const answers = Array.fromAsync(stream).catch((error) => Promise.reject(toCallError(error)));
  const outcome = await outcomeOf(answers);
  return outcome === "ok" ? ofEvent((await answers)[0]) : outcome;
}

async function outcomeOf(call: Promise<unknown>): Promise<Outcome> {
  try {
    await call;
    return "ok";
  } catch (error) {
    if (error instanceof CallError) return error.code;
    throw error;
  }
}

function ofEvent(
  result: { outcome: { case?: string | undefined; value?: unknown } } | undefined,
): Outcome {
  if (result === undefined) throw new Error("no result");
  const { outcome } = result;
  return outcome.case === "accepted" ? "ok" : (outcome.value as { code: Code }).code;
}
