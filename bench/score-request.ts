import { create, toBinary } from "@bufbuild/protobuf";
import { UpdateScoreRequestSchema } from "../gen/score/v1/score_pb.js";
import { grpcMessage } from "./grpc-message.ts";

/** Player ids are `p` and seven digits, so that every request is as long as the other. */
export const firstPlayer = 1_000_000;
const playerDigits = 7;
const actionDigits = 10;
const scrambledDigits = 8;
const maxPoints = 100;

/** The id of the player at `place`, from 0 up to 8,999,999. */
export function playerId(place: number): string {
  return `p${firstPlayer + place}`;
}

/**
 * A submission that is encoded once and then only written over: player, points
 * and `action_id`. It serves UpdateScore and StreamScores, whose fields agree.
 */
export class ScoreRequest {
  readonly byteLength: number;
  readonly #bytes: Buffer;
  readonly #playerEnd: number;
  readonly #pointsAt: number;
  readonly #actionAt: number;
  readonly #actionEnd: number;

  /**
   * `run` makes the ids of this run's events differ from all others of the
   * game. They begin with digits in no order: clients choose random ids, which
   * cost the ledger's index more than those that grow.
   */
  constructor(gameId: string, run: string) {
    const action = `${"7".repeat(scrambledDigits)}-${run}-${"7".repeat(actionDigits)}`;
    const message = create(UpdateScoreRequestSchema, {
      gameId,
      playerId: playerId(0),
      what: { case: "points", value: BigInt(maxPoints) },
      actionId: action,
    });
    this.#bytes = grpcMessage(toBinary(UpdateScoreRequestSchema, message));
    this.byteLength = this.#bytes.length;
    this.#playerEnd = this.#bytes.indexOf(playerId(0)) + playerId(0).length;
    // After the field's tag, a byte.
    this.#pointsAt = this.#playerEnd + 1;
    this.#actionAt = this.#bytes.indexOf(action);
    this.#actionEnd = this.#actionAt + action.length;
    if (this.#bytes[this.#pointsAt] !== maxPoints) throw new Error("the encoding has changed");
  }

  /** Writes the request for a player with random points into `target` at `offset`. */
  write(target: Buffer, offset: number, place: number, action: number): void {
    this.#bytes.copy(target, offset);
    writeDigits(target, offset + this.#playerEnd, playerDigits, firstPlayer + place);
    target[offset + this.#pointsAt] = 1 + Math.floor(Math.random() * maxPoints);
    const scrambled = (Math.imul(action, 0x9e3779b1) >>> 0) % 10 ** scrambledDigits;
    writeDigits(target, offset + this.#actionAt + scrambledDigits, scrambledDigits, scrambled);
    writeDigits(target, offset + this.#actionEnd, actionDigits, action);
  }
}

/** The number of an `action_id` that ends at `end`. */
export function actionNumber(bytes: Buffer, end: number): number {
  let number = 0;
  for (let at = end - actionDigits; at < end; at++) number = 10 * number + (bytes[at] ?? 0) - 48;
  return number;
}

function writeDigits(target: Buffer, end: number, count: number, number: number): void {
  let rest = number;
  for (let at = end - 1; at >= end - count; at--) {
    target[at] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}
