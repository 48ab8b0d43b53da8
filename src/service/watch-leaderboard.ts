import { callerKey } from "../access/caller-key.ts";
import { mayRead } from "../access/permissions.ts";
import type { Board } from "../model/game.ts";
import { isScoreError } from "../model/score-error.ts";
import { maxEntries } from "../ranking/board-reader.ts";
import type { WatchedBoard } from "../watch/board-feed.ts";
import type { FrameSink, KnownState } from "../watch/watch.ts";
import type { WatchRequest as HubRequest } from "../watch/watch-hub.ts";
import { defaultLimit, requireBoard } from "./get-leaderboard.ts";
import { Requirements } from "./requirements.ts";
import type { Call, Rooms } from "./rooms.ts";
import { whenTokenEnds } from "./token-end.ts";

/** Which board to watch. */
export interface WatchRequest {
  readonly gameId: string;
  /** Empty: the game's first board. */
  readonly boardId: string;
  readonly limit: number | undefined;
  readonly known: KnownState | undefined;
}

/**
 * Sends the top of a board to `sink`, live; resolves after the first frame with
 * how to stop. Where a token is needed to read, the watch ends when it does.
 */
export async function watchLeaderboard(
  rooms: Rooms,
  call: Call,
  request: WatchRequest,
  sink: FrameSink,
): Promise<() => void> {
  const { gameId, boardId, limit = defaultLimit, known } = request;
  const required = new Requirements();
  requireBoard(required, request);
  required.within("limit", limit, 1, maxEntries);
  required.check();
  mayRead(call.identity, gameId, rooms.anonymousRead);
  const board = await rooms.catalog.board(gameId, boardId);
  const leave = await joinPatiently(rooms, call, {
    key: String(board.boardNo),
    board: watchedBoard(rooms, gameId, board),
    limit,
    known,
    sink,
  });
  if (rooms.anonymousRead) return leave;
  const stopWaiting = whenTokenEnds(call, rooms.now, (error) => {
    leave();
    sink.end(error);
  });
  return () => {
    stopWaiting();
    leave();
  };
}

/** Who has too many watches hears so at the pace of refusals. */
async function joinPatiently(
  { hub, limits }: Rooms,
  call: Call,
  request: Omit<HubRequest, "caller">,
): Promise<() => void> {
  const caller = callerKey(call.identity, call.address);
  try {
    return await hub.join({ ...request, caller });
  } catch (error) {
    const isRefused = caller !== undefined && isScoreError(error, "too_many_watches");
    if (isRefused) await limits.refusal(caller);
    throw error;
  }
}

function watchedBoard(rooms: Rooms, gameId: string, board: Board): WatchedBoard {
  return {
    async top(limit) {
      return rooms.reader.page(await rooms.catalog.same(gameId, board), 0, limit);
    },
    follow(onChange) {
      const following = rooms.ranking.follow(board.boardNo, onChange);
      return () => void following.then((unfollow) => unfollow());
    },
  };
}
