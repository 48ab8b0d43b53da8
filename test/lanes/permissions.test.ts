import assert from "node:assert/strict";
import { it } from "node:test";
import { Code } from "@connectrpc/connect";
import { AdminService } from "../../gen/score/v1/admin_pb.js";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { newEvent, newGame, submitAll } from "./games.ts";
import { GrpcClient, toCallError } from "./grpc-client.ts";
import { CallError, type CallOptions, type LaneClient } from "./lane-client.ts";
import { describeLanes } from "./lane-suite.ts";
import { tokenFor } from "./test-service.ts";

/** On what a call is made. */
interface Target {
  readonly gameId: string;
  readonly playerId: string;
}

/** Resolves with the code that answers the call. */
type Attempt = (client: LaneClient, target: Target, options: CallOptions) => Promise<Code | "ok">;

const { method: score } = ScoreService;
const { method: admin } = AdminService;

const win = { case: "action", value: "win" } as const;

const methods = {
  "UpdateScore of points": (client, target, options) =>
    codeOf(client.call(score.updateScore, newEvent(target), options)),
  "UpdateScore of an action": (client, target, options) =>
    codeOf(client.call(score.updateScore, newEvent({ ...target, what: win }), options)),
  UpdateScores: async (client, target, options) => {
    const events = [newEvent({ ...target, what: win })];
    const call = client.call(score.updateScores, { gameId: target.gameId, events }, options);
    const code = await codeOf(call);
    return code === "ok" ? eventCode((await call).results[0]) : code;
  },
  StreamScores: async (client, target, options) => {
    if (!(client instanceof GrpcClient)) throw new Error("StreamScores needs HTTP/2");
    const stream = client.stream(options);
    stream.end(newEvent({ ...target, what: win }));
    const answers = Array.fromAsync(stream).catch((error) => Promise.reject(toCallError(error)));
    const code = await codeOf(answers);
    return code === "ok" ? eventCode((await answers)[0]) : code;
  },
  GetLeaderboard: (client, { gameId, playerId }, options) =>
    codeOf(client.call(score.getLeaderboard, { gameId, aroundPlayerId: playerId }, options)),
  ListBoards: (client, { gameId }, options) =>
    codeOf(client.call(score.listBoards, { gameId }, options)),
  GetStanding: (client, target, options) =>
    codeOf(client.call(score.getStanding, { ...target }, options)),
  WatchLeaderboard: async (client, { gameId }, options) => {
    const frames = client.watch(score.watchLeaderboard, { gameId }, options);
    const code = await codeOf(frames.next());
    await frames.return(undefined);
    return code;
  },
  PutGame: (client, { gameId }, options) =>
    codeOf(
      client.call(admin.putGame, { game: { gameId, boards: [{ boardId: "main" }] } }, options),
    ),
  GetGame: (client, { gameId }, options) => codeOf(client.call(admin.getGame, { gameId }, options)),
  ListGames: (client, _target, options) => codeOf(client.call(admin.listGames, {}, options)),
  DeleteGame: (client, { gameId }, options) =>
    codeOf(client.call(admin.deleteGame, { gameId }, options)),
  VerifyRanking: (client, { gameId }, options) =>
    codeOf(Array.fromAsync(client.watch(admin.verifyRanking, { gameId }, options))),
  RebuildRanking: (client, { gameId }, options) =>
    codeOf(Array.fromAsync(client.watch(admin.rebuildRanking, { gameId }, options))),
} satisfies Record<string, Attempt>;

const codes = { O: "ok", U: Code.Unauthenticated, P: Code.PermissionDenied } as const;

/** In the order of the columns of the tables below. */
const targets = [
  { whose: "their own", game: "own" },
  { whose: "another's", game: "own" },
  { whose: "their own", game: "other" },
  { whose: "another's", game: "other" },
] as const;

type Row = Readonly<Record<"none" | "player" | "server" | "admin", string>>;

/** Who may do what: a letter each for (own, another) player in the own game, then in another. */
const whoMay: Readonly<Record<keyof typeof methods, Row>> = {
  "UpdateScore of points": { none: "UUUU", player: "PPPP", server: "OOPP", admin: "OOPP" },
  "UpdateScore of an action": { none: "UUUU", player: "OPPP", server: "OOPP", admin: "OOPP" },
  UpdateScores: { none: "UUUU", player: "OPPP", server: "OOPP", admin: "OOPP" },
  StreamScores: { none: "UUUU", player: "OPPP", server: "OOPP", admin: "OOPP" },
  GetLeaderboard: { none: "OOOO", player: "OOOO", server: "OOOO", admin: "OOOO" },
  GetStanding: { none: "OOOO", player: "OOOO", server: "OOOO", admin: "OOOO" },
  ListBoards: { none: "OOOO", player: "OOOO", server: "OOOO", admin: "OOOO" },
  WatchLeaderboard: { none: "OOOO", player: "OOOO", server: "OOOO", admin: "OOOO" },
  PutGame: { none: "UUUU", player: "PPPP", server: "PPPP", admin: "OOPP" },
  GetGame: { none: "UUUU", player: "PPPP", server: "PPPP", admin: "OOPP" },
  ListGames: { none: "UUUU", player: "PPPP", server: "PPPP", admin: "OOOO" },
  DeleteGame: { none: "UUUU", player: "PPPP", server: "PPPP", admin: "OOPP" },
  VerifyRanking: { none: "UUUU", player: "PPPP", server: "PPPP", admin: "OOPP" },
  RebuildRanking: { none: "UUUU", player: "PPPP", server: "PPPP", admin: "OOPP" },
};

const closedReading: Row = { none: "UUUU", player: "OOPP", server: "OOPP", admin: "OOPP" };

/** What differs with SCORE_ANONYMOUS_READ=false. */
const whoMayWhenClosed: Partial<typeof whoMay> = {
  GetLeaderboard: closedReading,
  GetStanding: closedReading,
  ListBoards: closedReading,
  WatchLeaderboard: closedReading,
};

for (const [reading, table] of [
  ["open", whoMay],
  ["closed", whoMayWhenClosed],
] as const) {
  const env = {
    SCORE_ANONYMOUS_READ: String(reading === "open"),
    SCORE_PLAYER_UPDATES_PER_SECOND: "0",
  };
  describeLanes(
    `who may do what while reading is ${reading}`,
    (lane) => {
      for (const [name, row] of Object.entries(table)) {
        if (name === "StreamScores" && !/^gRPC( |$)/.test(lane.kind.name)) continue;
        for (const [role, expected] of Object.entries(row) as [keyof Row, string][]) {
          it(`${name} with ${role === "none" ? "no token" : `the role ${role}`}`, async () => {
            let games = await peopledGames();
            for (const [column, { whose, game }] of targets.entries()) {
              if (name === "DeleteGame") games = await peopledGames();
              const playerId = whose === "their own" ? "ada" : "bo";
              const options =
                role === "none" ? {} : { token: await tokenFor(role, "ada", games.own) };
              const attempt: Attempt = methods[name as keyof typeof methods];
              const code = await attempt(lane.client, { gameId: games[game], playerId }, options);
              const letter = expected[column] as keyof typeof codes;
              assert.equal(code, codes[letter], `${whose} in ${game} game`);
            }
          });
        }
      }

      const peopledGames = async () => ({ own: await peopledGame(), other: await peopledGame() });

      const peopledGame = async () => {
        const gameId = await newGame(lane, { actions: [{ action: "win", points: 1n }] });
        await submitAll(lane, gameId, [
          ["ada", 1],
          ["bo", 1],
        ]);
        return gameId;
      };
    },
    env,
  );
}

async function codeOf(call: Promise<unknown>): Promise<Code | "ok"> {
  try {
    await call;
    return "ok";
  } catch (error) {
    if (error instanceof CallError) return error.code;
    throw error;
  }
}

function eventCode(
  result: { outcome: { case?: string | undefined; value?: unknown } } | undefined,
): Code | "ok" {
  const { outcome } = result ?? assert.fail("no result");
  return outcome.case === "accepted" ? "ok" : (outcome.value as { code: Code }).code;
}
