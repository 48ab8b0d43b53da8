import {
  create,
  type DescMethod,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { AdminService, GameSchema } from "../../gen/score/v1/admin_pb.js";
import {
  type GetLeaderboardResponse,
  GetLeaderboardResponseSchema,
  ScoreService,
  type WatchLeaderboardRequest,
} from "../../gen/score/v1/score_pb.js";
import { deleteGame } from "../service/delete-game.ts";
import { getGame } from "../service/get-game.ts";
import { getLeaderboard, type LeaderboardPage, nextPageToken } from "../service/get-leaderboard.ts";
import { getStanding } from "../service/get-standing.ts";
import { listBoards } from "../service/list-boards.ts";
import { listGames } from "../service/list-games.ts";
import { putGame } from "../service/put-game.ts";
import { rebuildRanking } from "../service/rebuild-ranking.ts";
import type { Call, Rooms } from "../service/rooms.ts";
import { updateScore } from "../service/update-score.ts";
import { updateScores } from "../service/update-scores.ts";
import { verifyRanking } from "../service/verify-ranking.ts";
import type { WatchRequest } from "../service/watch-leaderboard.ts";
import type { Guard } from "./guard.ts";
import { madeOnce, sharedByMany } from "./made-once.ts";
import {
  fromAccepted,
  fromBoard,
  fromGame,
  fromPage,
  fromResult,
  fromStanding,
  toGameRequest,
  toSubmission,
} from "./messages.ts";
import { fromRebuildProgress, fromVerifyProgress } from "./ranking-messages.ts";

/** A unary method: from its request message to its response, in either lane. */
export interface UnaryMethod {
  readonly method: DescMethod & { readonly methodKind: "unary" };
  // biome-ignore lint/suspicious/noExplicitAny: the table holds methods of different messages
  readonly handle: (call: Call, request: any) => Promise<any>;
}

/** A method that answers with a stream of its own making, in either lane. */
export interface StreamMethod {
  readonly method: DescMethod & { readonly methodKind: "server_streaming" };
  // biome-ignore lint/suspicious/noExplicitAny: the table holds methods of different messages
  readonly handle: (call: Call, request: any) => AsyncIterable<any>;
}

/** All unary methods of the contract. */
export function unaryMethods(rooms: Rooms, guard: Guard): readonly UnaryMethod[] {
  const { method: score } = ScoreService;
  const { method: admin } = AdminService;
  return [
    unary(score.updateScore, async (call, request) =>
      fromAccepted(await updateScore(rooms, call, toSubmission(request))),
    ),
    unary(score.updateScores, async (call, { gameId, events }) => {
      const request = { gameId, events: events.map(toSubmission) };
      const results = await updateScores(rooms, call, request);
      const refuse = (error: unknown) => guard.refuse("UpdateScores", error);
      return { results: results.map((result) => fromResult(result, refuse)) };
    }),
    unary(score.getLeaderboard, async (call, request) => {
      const page = await getLeaderboard(rooms, call, { ...request, limit: request.limit });
      return request.aroundPlayerId === "" ? sharedLeaderboard(page) : fromLeaderboard(page);
    }),
    unary(score.getStanding, async (call, request) => {
      const { standing, rank, percentile, totalPlayers } = await getStanding(rooms, call, request);
      return {
        entry: fromStanding(standing, rank),
        totalPlayers: BigInt(totalPlayers),
        ...(percentile === undefined ? {} : { percentile }),
      };
    }),
    unary(score.listBoards, async (call, { gameId }) => ({
      boards: (await listBoards(rooms, call, gameId)).map(fromBoard),
    })),
    unary(admin.putGame, async (call, { game }) => ({
      game: fromGame(await putGame(rooms, call, toGameRequest(game ?? create(GameSchema)))),
    })),
    unary(admin.getGame, async (call, { gameId }) => ({
      game: fromGame(await getGame(rooms, call, gameId)),
    })),
    unary(admin.listGames, async (call, { limit, pageToken }) => {
      const page = await listGames(rooms, call, { limit, pageToken });
      return { games: page.games.map(fromGame), nextPageToken: page.nextPageToken };
    }),
    unary(admin.deleteGame, async (call, { gameId }) => {
      await deleteGame(rooms, call, gameId);
      return {};
    }),
  ];
}

/** All methods that stream their answers, but for watches, whose frames are shared. */
export function streamMethods(rooms: Rooms): readonly StreamMethod[] {
  const { method: admin } = AdminService;
  return [
    stream(
      admin.verifyRanking,
      (call, request) => verifyRanking(rooms, call, request),
      fromVerifyProgress,
    ),
    stream(
      admin.rebuildRanking,
      (call, request) => rebuildRanking(rooms, call, request),
      fromRebuildProgress,
    ),
  ];
}

function fromLeaderboard(page: LeaderboardPage): GetLeaderboardResponse {
  return create(GetLeaderboardResponseSchema, {
    ...fromPage(page),
    entries: page.standings.map((standing) => fromStanding(standing, standing.rank)),
    nextPageToken: nextPageToken(page),
  });
}

/** Made once for all who read the same page at a time. */
const sharedLeaderboard = madeOnce((page: LeaderboardPage) => sharedByMany(fromLeaderboard(page)));

export function toWatchRequest(request: WatchLeaderboardRequest): WatchRequest {
  const { gameId, boardId, limit, knownEpoch, knownVersion } = request;
  const epoch = Number(knownEpoch);
  const version = Number(knownVersion);
  return { gameId, boardId, limit, known: version > 0 ? { epoch, version } : undefined };
}

function unary<M extends DescMethodUnary>(
  method: M,
  handle: (call: Call, request: MessageShape<M["input"]>) => Promise<MessageInitShape<M["output"]>>,
): UnaryMethod {
  return {
    method,
    handle: async (call, request) => create(method.output, await handle(call, request)),
  };
}

function stream<M extends DescMethodServerStreaming, T>(
  method: M,
  handle: (call: Call, request: MessageShape<M["input"]>) => AsyncIterable<T>,
  toMessage: (item: T) => MessageInitShape<M["output"]>,
): StreamMethod {
  return {
    method,
    async *handle(call, request) {
      for await (const item of handle(call, request)) yield create(method.output, toMessage(item));
    },
  };
}
