import { mayCreateGame, mayTouchGame } from "../access/permissions.ts";
import { unknownGame } from "./game-catalog.ts";
import { maxIdentifierLength, Requirements } from "./requirements.ts";
import type { Call, Rooms } from "./rooms.ts";
import { type Accepted, type Submission, updateScore } from "./update-score.ts";

/** The most events of one call. */
const maxEvents = 1_000;

/** What became of one event. */
export interface EventResult {
  /** As it was sent; of one that is too long its beginning. */
  readonly actionId: string;
  readonly outcome: { readonly accepted: Accepted } | { readonly error: unknown };
}

/** Submits events of one game in order; each has its own outcome. */
export async function updateScores(
  rooms: Rooms,
  call: Call,
  request: { readonly gameId: string; readonly events: readonly Submission[] },
): Promise<readonly EventResult[]> {
  const { gameId, events } = request;
  const identity = mayTouchGame(call.identity, gameId);
  const required = new Requirements();
  required.identifier("game_id", gameId);
  if (events.length < 1 || events.length > maxEvents) {
    required.refuse("events", `must be 1 to ${maxEvents} events`);
  }
  events.slice(0, maxEvents).forEach((event, index) => {
    if (event.gameId !== "" && event.gameId !== gameId) {
      required.refuse(`events[${index}].game_id`, "must be empty or the game_id of the call");
    }
  });
  required.check();
  if (!mayCreateGame(identity) && !(await rooms.catalog.find(gameId))) unknownGame(gameId);
  return Promise.all(events.map((event) => resultOf(rooms, call, { ...event, gameId })));
}

/** The outcome of one event, which never rejects. */
export async function resultOf(rooms: Rooms, call: Call, event: Submission): Promise<EventResult> {
  const actionId = event.actionId.slice(0, maxIdentifierLength);
  try {
    return { actionId, outcome: { accepted: await updateScore(rooms, call, event) } };
  } catch (error) {
    return { actionId, outcome: { error } };
  }
}
