import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  GetLeaderboardRequestSchema,
  GetLeaderboardResponseSchema,
  GetStandingRequestSchema,
  GetStandingResponseSchema,
} from "../gen/score/v1/score_pb.js";
import { grpcMessage } from "./grpc-message.ts";
import { serveLoad } from "./load.ts";
import { playerId } from "./score-request.ts";
import { type UnaryCalls, UnaryLoad, type UnaryOptions } from "./unary-load.ts";

/** What is read: the best ten, ten around a player, or one player's standing. */
export type Read = "top" | "around" | "standing";

export interface ReadOptions extends Omit<UnaryOptions, "method"> {
  readonly read: Read;
  readonly gameId: string;
  readonly players: number;
}

const limit = 10;

/** Encoded once: what is measured is the service. */
const requestsInTurn = 5_000;

const methods = { top: "GetLeaderboard", around: "GetLeaderboard", standing: "GetStanding" };

function readCalls({ read, gameId, players }: ReadOptions): UnaryCalls {
  const anyone = () => playerId(Math.floor(Math.random() * players));
  const requests = Array.from({ length: read === "top" ? 1 : requestsInTurn }, () =>
    grpcMessage(requestBytes(read, gameId, anyone())),
  );
  let turn = 0;
  return {
    next: () => requests[turn++ % requests.length] as Buffer,
    check: (message) => {
      if (read === "standing") {
        const { entry, totalPlayers } = fromBinary(GetStandingResponseSchema, message);
        if (!entry?.rank || totalPlayers !== BigInt(players)) throw new Error("no standing");
        return;
      }
      const { entries } = fromBinary(GetLeaderboardResponseSchema, message);
      if (entries.length !== limit || (read === "top" && entries[0]?.rank !== 1n)) {
        throw new Error("an answer is not ten entries");
      }
    },
  };
}

function requestBytes(read: Read, gameId: string, player: string): Uint8Array {
  if (read === "standing") {
    const request = create(GetStandingRequestSchema, { gameId, playerId: player });
    return toBinary(GetStandingRequestSchema, request);
  }
  const around = read === "around" ? { aroundPlayerId: player } : {};
  const request = create(GetLeaderboardRequestSchema, { gameId, limit, ...around });
  return toBinary(GetLeaderboardRequestSchema, request);
}

serveLoad((options: ReadOptions) =>
  new UnaryLoad({ ...options, method: methods[options.read] }, readCalls(options)).start(),
);
