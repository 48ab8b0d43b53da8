import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import {
  UpdateScoresRequestSchema,
  type UpdateScoresResponse,
  UpdateScoresResponseSchema,
} from "../gen/score/v1/score_pb.js";
import { playerId } from "./score-request.ts";

const eventsPerCall = 1_000;
const callsInFlight = 4;
/** So much above what a call takes that only a service that hangs reaches it. */
const callTimeoutMs = 20_000;
const maxFirstPoints = 1_000;

interface FillOptions {
  readonly port: number;
  readonly token: string;
  readonly gameId: string;
  readonly players: number;
  readonly signal: AbortSignal;
}

/**
 * Gives every player a first score, as a game server would: by UpdateScores
 * through an ordinary gRPC client. Rejects when any event is refused.
 */
export async function fillGame({ port, token, gameId, players, signal }: FillOptions) {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  let next = 0;
  const fill = async () => {
    while (next < players) {
      signal.throwIfAborted();
      const first = next;
      next = Math.min(first + eventsPerCall, players);
      const places = Array.from({ length: next - first }, (_, index) => first + index);
      const { results } = await updateScores(client, metadata, requestFor(gameId, places));
      const refused = results.find(({ outcome }) => outcome.case !== "accepted");
      if (refused) throw new Error(`a first score was refused: ${JSON.stringify(refused.outcome)}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: callsInFlight }, fill));
  } finally {
    client.close();
  }
}

function requestFor(gameId: string, places: readonly number[]): Uint8Array {
  const events = places.map((place) => ({
    playerId: playerId(place),
    what: {
      case: "points" as const,
      value: BigInt(1 + Math.floor(Math.random() * maxFirstPoints)),
    },
    actionId: `first-${place}`,
  }));
  const request = create(UpdateScoresRequestSchema, { gameId, events });
  return toBinary(UpdateScoresRequestSchema, request);
}

function updateScores(
  client: Client,
  metadata: Metadata,
  request: Uint8Array,
): Promise<UpdateScoresResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<UpdateScoresResponse>();
  client.makeUnaryRequest<Uint8Array, UpdateScoresResponse>(
    "/score.v1.ScoreService/UpdateScores",
    (bytes) => Buffer.from(bytes),
    (bytes) => fromBinary(UpdateScoresResponseSchema, bytes),
    request,
    metadata,
    { deadline: Date.now() + callTimeoutMs },
    (error, response) => (response ? resolve(response) : reject(error)),
  );
  return promise;
}
