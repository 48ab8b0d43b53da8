/** Which part of which board the page shows. */
export interface BoardRequest {
  readonly gameId: string;
  /** Empty: the game's first board. */
  readonly boardId: string;
  /** The number of entries, 1 to 100. */
  readonly limit: number;
}

const maxLimit = 100;
const defaultLimit = 10;

/**
 * What an address such as `?game=demo&board=weekly&limit=25` asks for. What is
 * absent or no possible limit takes its default; whether the names are good
 * ones is for the service to say.
 */
export function boardRequest(search: string): BoardRequest {
  const query = new URLSearchParams(search);
  const limit = Number(query.get("limit"));
  return {
    gameId: query.get("game") || "demo",
    boardId: query.get("board") ?? "",
    limit: Number.isInteger(limit) && limit >= 1 && limit <= maxLimit ? limit : defaultLimit,
  };
}
