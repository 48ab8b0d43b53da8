import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { Code } from "@connectrpc/connect";
import { AdminService } from "../../gen/score/v1/admin_pb.js";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import type { Role } from "../../src/model/score-event.ts";
import { embedded } from "../lanes/backends.ts";
import { newGame, submitAll } from "../lanes/games.ts";
import { describeLanes, type Lane, newId } from "../lanes/lane-suite.ts";
import { tokenFor } from "../lanes/test-service.ts";
import { attempts, gameOf, type Outcome } from "./reach-attempts.ts";

/**
 * Who reaches what. O: answered, U: UNAUTHENTICATED, P: PERMISSION_DENIED,
 * N: NOT_FOUND. A letter each for, in this order, the caller's own player and
 * another's in a game that the token covers, the same in a game that it does
 * not cover, and a game that does not exist and that the token covers.
 *
 * A token that is not valid opens nothing anywhere: U throughout.
 */
const table = `
                            | no token | player  | server  | admin
  UpdateScore of points     | UU UU U  | PP PP P | OO PP O | OO PP N
  UpdateScore of an action  | UU UU U  | OP PP N | OO PP N | OO PP N
  UpdateScores of points    | UU UU U  | PP PP N | OO PP O | OO PP N
  UpdateScores of an action | UU UU U  | OP PP N | OO PP N | OO PP N
  StreamScores of points    | UU UU U  | PP PP P | OO PP O | OO PP N
  StreamScores of an action | UU UU U  | OP PP N | OO PP N | OO PP N
  PutGame                   | UU UU U  | PP PP P | PP PP P | OO PP O
  GetGame                   | UU UU U  | PP PP P | PP PP P | OO PP N
  DeleteGame                | UU UU U  | PP PP P | PP PP P | OO PP N
  VerifyRanking             | UU UU U  | PP PP P | PP PP P | OO PP N
  RebuildRanking            | UU UU U  | PP PP P | PP PP P | OO PP N
  ListGames                 | UU UU U  | PP PP P | PP PP P | OO OO O
`;

/** Reading, while SCORE_ANONYMOUS_READ is true. */
const openReading = `
                            | no token | player  | server  | admin
  GetLeaderboard            | OO OO N  | OO OO N | OO OO N | OO OO N
  GetStanding               | OO OO N  | OO OO N | OO OO N | OO OO N
  ListBoards                | OO OO N  | OO OO N | OO OO N | OO OO N
  WatchLeaderboard          | OO OO N  | OO OO N | OO OO N | OO OO N
`;

/** Reading, while SCORE_ANONYMOUS_READ is false. */
const closedReading = `
                            | no token | player  | server  | admin
  GetLeaderboard            | UU UU U  | OO PP N | OO PP N | OO PP N
  GetStanding               | UU UU U  | OO PP N | OO PP N | OO PP N
  ListBoards                | UU UU U  | OO PP N | OO PP N | OO PP N
  WatchLeaderboard          | UU UU U  | OO PP N | OO PP N | OO PP N
`;

const outcomes: Readonly<Record<string, Outcome>> = {
  O: "ok",
  U: Code.Unauthenticated,
  P: Code.PermissionDenied,
  N: Code.NotFound,
};

interface Row {
  readonly name: string;
  /** By the heads of the columns. */
  readonly cells: Readonly<Record<string, string>>;
}

function rowsOf(...tables: readonly string[]): readonly Row[] {
  return tables.flatMap((text) => {
    const [[, ...heads] = [], ...rows] = text
      .trim()
      .split("\n")
      .map((line) => line.split("|").map((cell) => cell.trim()))
      .map((cells, index) => (index === 0 ? ["", ...cells.slice(-4)] : cells));
    return rows.map(([name = "", ...cells]) => ({
      name,
      cells: Object.fromEntries(heads.map((head, index) => [head, cells[index] ?? ""])),
    }));
  });
}

/** How a token may cover games: the ids it names, of the games of a test. */
const scopes = {
  "one game": { game: "own", covered: ["own"], other: ["other"] },
  "several games": { game: ["own", "second"], covered: ["own", "second"], other: ["other"] },
  "all games": { game: "*", covered: ["own", "second", "other"], other: [] },
} as const;

type Scope = keyof typeof scopes;

describe("the table of who reaches what", () => {
  it("has every method of the contract, each with a call of it", () => {
    const methods = [ScoreService, AdminService].flatMap((service) => service.methods);
    for (const reading of [openReading, closedReading]) {
      const rows = rowsOf(table, reading);
      const named = new Set(rows.map(({ name }) => name.split(" ")[0]));
      assert.deepEqual([...named].sort(), methods.map(({ name }) => name).sort());
      for (const { name, cells } of rows) {
        assert.ok(attempts[name], name);
        for (const cell of Object.values(cells)) assert.match(cell, /^[OUPN]{2} [OUPN]{2} [OUPN]$/);
      }
    }
  });
});

for (const [reading, rows] of [
  ["open", rowsOf(table, openReading)],
  ["closed", rowsOf(table, closedReading)],
] as const) {
  describeLanes(
    `who reaches what while reading is ${reading}`,
    (lane) => {
      const ids = { own: "", second: "", other: "" };
      before(async () => {
        for (const key of ["own", "second", "other"] as const) ids[key] = await peopled(lane);
      });

      const token = (role: Role, scope: Scope, created: string) => {
        const { game } = scopes[scope];
        if (game === "*") return tokenFor(role, "ada", "*");
        const named = [game].flat().map((key) => ids[key]);
        // A token covers one game as a text, too.
        return tokenFor(role, "ada", created === "" ? asGiven(named) : [...named, created]);
      };

      /** Makes the calls of one cell; with `letters` for (own, other) games and a new one. */
      const check = async (
        { name, cells }: Row,
        caller: string,
        given: { role: Role; scope: Scope } | { token?: string },
      ) => {
        const [covered = "", uncovered = "", absent = ""] = (cells[caller] ?? "").split(" ");
        const scope = "scope" in given ? scopes[given.scope] : scopes["one game"];
        const missing = newId("game");
        const targets = [
          ...scope.covered.map((key) => [key, covered] as const),
          ...scope.other.map((key) => [key, uncovered] as const),
          ["missing", absent] as const,
        ];
        for (const [key, letters] of targets) {
          for (const [index, letter] of [...letters].entries()) {
            // What is deleted is gone for the next call.
            if (name === "DeleteGame" && letter === "O" && key !== "missing") {
              ids[key] = await peopled(lane);
            }
            const target = {
              gameId: key === "missing" ? missing : ids[key],
              playerId: index === 0 ? "ada" : "bo",
            };
            const options =
              "scope" in given
                ? { token: await token(given.role, given.scope, key === "missing" ? missing : "") }
                : given;
            const outcome = await attempts[name]?.(lane.client, target, options);
            const whose = `${target.playerId === "ada" ? "their own" : "another"} player`;
            assert.equal(outcome, outcomes[letter], `${whose} in the ${key} game`);
          }
        }
        if (name === "DeleteGame") {
          for (const key of scope.covered) ids[key] = await peopled(lane);
        }
      };

      for (const row of rows) {
        if (row.name.startsWith("StreamScores") && !/^gRPC( |$)/.test(lane.kind.name)) continue;
        it(`${row.name} with no token`, () => check(row, "no token", {}));
        it(`${row.name} with a token that is not valid`, async () => {
          const cells = { "no token": "UU UU U" };
          await check({ ...row, cells }, "no token", { token: "a.b.c" });
          const expired = await tokenFor("admin", "ada", "*", "-1s");
          await check({ ...row, cells }, "no token", { token: expired });
        });
        for (const role of ["player", "server", "admin"] as const) {
          it(`${row.name} as ${role}`, async () => {
            for (const scope of Object.keys(scopes) as Scope[]) {
              await check(row, role, { role, scope });
            }
          });
        }
      }

      it("ListGames names the games of the token, and no others", async () => {
        const { listGames } = AdminService.method;
        for (const scope of ["one game", "several games"] as const) {
          const options = { token: await token("admin", scope, "") };
          const { games } = await lane.client.call(listGames, {}, options);
          const named = games.map(({ gameId }) => gameId).sort();
          assert.deepEqual(named, scopes[scope].covered.map((key) => ids[key]).sort());
        }
      });

      it("an event may not leave for another game than its call's", async () => {
        const { updateScores } = ScoreService.method;
        for (const role of ["player", "server", "admin"] as const) {
          const options = { token: await token(role, "all games", "") };
          const events = [{ gameId: ids.other, playerId: "ada", actionId: newId("action") }];
          const call = lane.client.call(updateScores, { gameId: ids.own, events }, options);
          await assert.rejects(call, { code: Code.InvalidArgument });
        }
      });
    },
    {
      backends: [embedded],
      clients: ["gRPC", "JSON", "REST by Envoy"],
      env: {
        SCORE_ANONYMOUS_READ: String(reading === "open"),
        SCORE_PLAYER_UPDATES_PER_SECOND: "0",
      },
    },
  );
}

/** A game with a score of ada and one of bo. */
async function peopled(lane: Lane): Promise<string> {
  const { actions } = gameOf("");
  const gameId = await newGame(lane, { actions });
  await submitAll(lane, gameId, [
    ["ada", 1],
    ["bo", 1],
  ]);
  return gameId;
}

function asGiven(ids: readonly string[]): string | readonly string[] {
  const [only = "", ...more] = ids;
  return more.length === 0 ? only : ids;
}
