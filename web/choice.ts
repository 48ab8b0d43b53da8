/** What a spectator chose to see; everything of it is in the page's address. */
export interface Choice {
  readonly gameId: string;
  /** Empty: the game's first board. */
  readonly boardId: string;
  /** The number of entries, 1 to 100. */
  readonly limit: number;
  /** The spectator's own player id; empty: none. */
  readonly me: string;
  /** `tv`: large type and no controls. */
  readonly display: "page" | "tv";
}

const maxLimit = 100;
const defaultLimit = 10;
const idPattern = /^[A-Za-z0-9\-_.:@]{1,128}$/;

/**
 * The choice in an address such as `?game=demo&board=weekly&limit=25`. What is
 * absent or no possible limit takes its default; whether the names are good
 * ones is for the service to say. A `me` that can't be a player id is dropped:
 * it may be a token, which has no place in an address.
 */
export function choiceOf(search: string): Choice {
  const query = new URLSearchParams(search);
  const me = query.get("me") ?? "";
  return {
    gameId: query.get("game") || "demo",
    boardId: query.get("board") ?? "",
    limit: limitOf(query.get("limit")),
    me: isPlayerId(me) ? me : "",
    display: query.get("display") === "tv" ? "tv" : "page",
  };
}

/** The address of a choice, as `choiceOf` reads it back. Always names game and limit. */
export function searchOf({ gameId, boardId, limit, me, display }: Choice): string {
  const query = new URLSearchParams({ game: gameId });
  if (boardId) query.set("board", boardId);
  query.set("limit", String(limit));
  if (me) query.set("me", me);
  if (display === "tv") query.set("display", "tv");
  return `?${query}`;
}

/** Whether both watch the same part of the same board; `me` and `display` may differ. */
export function isSameBoard(one: Choice, other: Choice): boolean {
  return one.gameId === other.gameId && one.boardId === other.boardId && one.limit === other.limit;
}

/** A number from 1 to 100; anything else is the default of 10. */
export function limitOf(text: string | null): number {
  const limit = Number(text);
  return Number.isInteger(limit) && limit >= 1 && limit <= maxLimit ? limit : defaultLimit;
}

/** Whether the service could accept it as a player id. A JWT never is one here, long or short. */
export function isPlayerId(text: string): boolean {
  return idPattern.test(text) && !/^eyJ[^.]*\.[^.]+\.[^.]*$/.test(text);
}
