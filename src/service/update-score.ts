import { setTimeout as sleep } from "node:timers/promises";
import type { Identity } from "../access/identity.ts";
import { mayCreateGame, maySubmit, mayTouchGame } from "../access/permissions.ts";
import type { Receipt } from "../ledger/ledger.ts";
import { defaultGameSettings, type Game } from "../model/game.ts";
import { isScoreError, ScoreError } from "../model/score-error.ts";
import type { ScoreEvent } from "../model/score-event.ts";
import { placementKey } from "../ranking/projector.ts";
import { unknownGame } from "./game-catalog.ts";
import { Requirements } from "./requirements.ts";
import type { Call, Rooms } from "./rooms.ts";

/** One event as a caller sends it. */
export interface Submission {
  readonly gameId: string;
  readonly playerId: string;
  readonly actionId: string;
  readonly points: bigint | undefined;
  readonly action: string | undefined;
  readonly displayName: string | undefined;
  /** Epoch ms. */
  readonly occurredAt: number | undefined;
}

/** Where an event put the player on one board. */
export interface BoardStanding {
  readonly boardId: string;
  readonly score: number;
  readonly rank: number | undefined;
  readonly previousScore: number | undefined;
  readonly previousRank: number | undefined;
}

/** The durable outcome of one event. */
export interface Accepted {
  readonly duplicate: boolean;
  readonly seq: number;
  /** Epoch ms. */
  readonly committedAt: number;
  readonly standings: readonly BoardStanding[];
}

/** How often an event is checked anew because the game's settings changed under it. */
const maxAttempts = 5;

/** Times from the year 1 to 9999, which a Timestamp may hold. */
const timeRange = { least: -62_135_596_800_000, most: 253_402_300_799_999 };

/**
 * Takes one event in: checks it, resolves its points by the game's rules,
 * waits for the commit, and tells where it put the player.
 *
 * What is synchronous here happens before the first await, in the order of the
 * calls: events of one caller enter the ledger's queue in their order when the
 * game is known.
 */
export async function updateScore(
  rooms: Rooms,
  call: Call,
  submission: Submission,
): Promise<Accepted> {
  const identity = mayTouchGame(call.identity, submission.gameId);
  checkSubmission(rooms, identity, submission);
  maySubmit(identity, submission);
  if (identity.role === "player") await rooms.limits.update(submission.gameId, submission.playerId);
  const game = await gameFor(rooms, identity, submission.gameId);
  await checkActionLimit(rooms, identity, submission, game);
  const receipt = await commit(rooms, call, identity, submission, game);
  return accepted(rooms, submission.playerId, receipt);
}

function checkSubmission(rooms: Rooms, { role }: Identity, submission: Submission): void {
  const { points, action, displayName, occurredAt } = submission;
  const required = new Requirements();
  required.identifier("game_id", submission.gameId);
  required.identifier("player_id", submission.playerId);
  required.identifier("action_id", submission.actionId);
  if (points === undefined && action === undefined) {
    required.refuse("points", "or action is required");
  }
  if (points !== undefined) required.points("points", points);
  if (action !== undefined) required.identifier("action", action);
  if (displayName !== undefined) required.name("display_name", displayName);
  if (occurredAt !== undefined) {
    if (!(occurredAt >= timeRange.least && occurredAt <= timeRange.most)) {
      required.refuse("occurred_at", "must be a time in the years 1 to 9999");
    } else if (role === "player" && Math.abs(occurredAt - rooms.now()) > rooms.maxSkewMs) {
      required.refuse("occurred_at", `must be within ${rooms.maxSkewMs / 1_000} s of now`);
    }
  }
  required.check();
}

async function gameFor(rooms: Rooms, identity: Identity, gameId: string): Promise<Game> {
  const game = await rooms.catalog.find(gameId);
  if (game) return game;
  if (!mayCreateGame(identity)) return unknownGame(gameId);
  return rooms.catalog.create(defaultGameSettings(gameId));
}

async function checkActionLimit(
  rooms: Rooms,
  { role }: Identity,
  { gameId, playerId, action }: Submission,
  game: Game,
): Promise<void> {
  const rule = action === undefined ? undefined : game.actions.get(action);
  if (role !== "player" || rule === undefined || rule.maxPerMinute === 0) return;
  await rooms.limits.action(gameId, playerId, rule.name, rule.maxPerMinute);
}

/** The ledger refuses an event whose rules have changed: then it is checked against the new ones. */
async function commit(
  rooms: Rooms,
  call: Call,
  identity: Identity,
  submission: Submission,
  known: Game,
): Promise<Receipt> {
  let game: Game | undefined = known;
  for (let attempt = 1; ; attempt += 1) {
    game ??= await gameFor(rooms, identity, submission.gameId);
    const event = toEvent(call, identity, submission, game);
    try {
      return await submit(rooms, call, event);
    } catch (error) {
      if (!isScoreError(error, "game_changed") || attempt === maxAttempts) throw error;
      game = await rooms.catalog.refresh(game);
    }
  }
}

async function submit(rooms: Rooms, call: Call, event: ScoreEvent): Promise<Receipt> {
  for (;;) {
    try {
      return await rooms.ledger.events.submit(event, call.deadline);
    } catch (error) {
      const mayWait = call.isPatient === true && !call.signal.aborted;
      if (!mayWait || !isScoreError(error, "ledger_busy")) throw error;
      await sleep(20);
    }
  }
}

function toEvent(
  { address }: Call,
  { subject, role }: Identity,
  submission: Submission,
  game: Game,
): ScoreEvent {
  const { playerId, actionId, action, displayName, occurredAt } = submission;
  const points = action === undefined ? Number(submission.points) : pointsOf(game, action);
  const sender = { subject, role, address };
  return { game, playerId, actionId, action, points, displayName, occurredAt, sender };
}

function pointsOf(game: Game, action: string): number {
  const rule = game.actions.get(action);
  if (rule) return rule.points;
  throw new ScoreError("unknown_action", `game ${game.gameId} has no action ${action}`);
}

async function accepted(rooms: Rooms, playerId: string, receipt: Receipt): Promise<Accepted> {
  const { duplicate, seq, committedAt, outcomes, batch } = receipt;
  const placements = await rooms.projector.placements(batch);
  const standings = outcomes.map(({ board, score, previousScore }) => {
    const placement = placements.get(placementKey(board.boardNo, playerId));
    return {
      boardId: board.boardId,
      score,
      previousScore,
      rank: placement?.rank,
      previousRank: previousScore === undefined ? undefined : placement?.previousRank,
    };
  });
  return { duplicate, seq, committedAt, standings };
}
