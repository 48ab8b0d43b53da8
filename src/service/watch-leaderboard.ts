import { callerKey } from "../access/caller-key.ts";
import { mayRead } from "../access/permissions.ts";
import { isScoreError, ScoreError } from "../model/score-error.ts";
import { maxEntries } from "../ranking/board-reader.ts";
import type { WatchedBoard } from "../watch/board-feed.ts";
import type { FrameSink, KnownState } from "../watch/watch.ts";
import { defaultLimit, requireBoard } from "./get-leaderboard.ts";
import { Requirements } from "./requirements.ts";
import type { Call, Rooms } from "./rooms.ts";

/** Which board to watch. */
export interface WatchRequest {
  readonly gameId: string;
  /** Empty: the game's first board. */
  readonly boardId: string;
  readonly limit: number | undefined;
  readonly known: KnownState | undefined;
}

/** Sends the top of a board to `sink`, live; resolves after the first frame with how to stop. */
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
  const { boardNo } = await rooms.catalog.board(gameId, boardId);
  const board = watchedBoard(rooms, gameId, boardId, boardNo);
  const caller = callerKey(call.identity, call.address);
  try {
    return await rooms.hub.join({ key: String(boardNo), board, caller, limit, known, sink });
  } catch (error) {
    const isRefused = caller !== undefined && isScoreError(error, "too_many_watches");
    if (isRefused) await rooms.limits.refusal(caller);
    throw error;
  }
}

function watchedBoard(
  rooms: Rooms,
  gameId: string,
  boardId: string,
  boardNo: number,
): WatchedBoard {
  return {
    async top(limit) {
      const board = await rooms.catalog.board(gameId, boardId);
      if (board.boardNo !== boardNo) {
        throw new ScoreError("unknown_board", `board ${boardId} of game ${gameId} was replaced`);
      }
      return rooms.reader.page(board, 0, limit);
    },
    follow(onChange) {
      const following = rooms.ranking.follow(boardNo, onChange);
      // Without notices the feed goes by its regular reads.
      following.catch(() => {});
      return () => void following.then((unfollow) => unfollow()).catch(() => {});
    },
  };
}
