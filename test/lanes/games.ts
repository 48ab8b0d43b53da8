import type { MessageInitShape } from "@bufbuild/protobuf";
import { type ActionSchema, AdminService, type BoardSchema } from "../../gen/score/v1/admin_pb.js";
import { ScoreService, type UpdateScoreResponse } from "../../gen/score/v1/score_pb.js";
import { eventually } from "./eventually.ts";
import type { CallOptions, LaneClient } from "./lane-client.ts";
import { newId } from "./lane-suite.ts";

/** What a suite calls with: a client and tokens for all games. */
export interface Caller {
  readonly client: LaneClient;
  readonly server: CallOptions;
  readonly admin: CallOptions;
}

/** The fields that all messages with an event have. */
export interface EventFields {
  readonly gameId?: string;
  readonly playerId?: string;
  readonly actionId?: string;
  readonly what?:
    | { readonly case: "points"; readonly value: bigint }
    | { readonly case: "action"; readonly value: string }
    | { readonly case: undefined };
  readonly displayName?: string;
  readonly occurredAt?: { readonly seconds: bigint; readonly nanos: number };
}

/** What may be set of a game. */
export interface GameFields {
  readonly boards?: MessageInitShape<typeof BoardSchema>[];
  readonly actions?: MessageInitShape<typeof ActionSchema>[];
}

/** Creates a game that nobody else uses; resolves with its id once its boards have a ranking. */
export async function newGame(
  { client, admin }: Caller,
  settings: GameFields = {},
): Promise<string> {
  const gameId = newId("game");
  const boards = settings.boards ?? [{ boardId: "main" }];
  const game = { ...settings, boards, gameId };
  await client.call(AdminService.method.putGame, { game }, admin);
  for (const { boardId = "" } of boards) {
    await eventually(`board ${boardId} has a ranking`, async () => {
      const { getLeaderboard } = ScoreService.method;
      return (await client.call(getLeaderboard, { gameId, boardId }, admin)).epoch > 0n;
    });
  }
  return gameId;
}

/** An event that counts one point, unless `fields` say otherwise. */
export function newEvent(fields: EventFields): EventFields {
  return {
    playerId: "ada",
    what: { case: "points", value: 1n },
    actionId: newId("action"),
    ...fields,
  };
}

/** Submits an event by the game server's token. */
export function submit(
  { client, server }: Caller,
  fields: EventFields,
  options = server,
): Promise<UpdateScoreResponse> {
  return client.call(ScoreService.method.updateScore, newEvent(fields), options);
}

/** Submits points of one player after the other, so that ties follow the order of the list. */
export async function submitAll(
  caller: Caller,
  gameId: string,
  scores: readonly (readonly [playerId: string, points: number])[],
): Promise<void> {
  const events = scores.map(([playerId, points]) => ({
    playerId,
    actionId: newId("action"),
    what: { case: "points" as const, value: BigInt(points) },
  }));
  const { updateScores } = ScoreService.method;
  const { results } = await caller.client.call(updateScores, { gameId, events }, caller.server);
  const failed = results.find(({ outcome }) => outcome.case !== "accepted");
  if (failed) throw new Error(`not accepted: ${JSON.stringify(failed.outcome)}`);
}
