import { fromBinary } from "@bufbuild/protobuf";
import { UpdateScoreResponseSchema } from "../gen/score/v1/score_pb.js";
import { type Load, serveLoad } from "./load.ts";
import { ScoreRequest } from "./score-request.ts";
import { UnaryLoad, type UnaryOptions, type UnaryResult } from "./unary-load.ts";

export interface UpdateOptions extends Omit<UnaryOptions, "method"> {
  readonly gameId: string;
  /** Makes the action ids differ from those of other runs. */
  readonly run: string;
  readonly players: number;
}

export interface UpdateResult extends UnaryResult {
  /** Answers that were decoded and checked since the start, and those of them without a rank. */
  readonly sampled: number;
  readonly unranked: number;
}

/** UpdateScore of players at random. */
class UpdateLoad implements Load<UpdateResult> {
  readonly #load: UnaryLoad;
  readonly #request: ScoreRequest;
  readonly #players: number;
  #nextAction = 0;
  #sampled = 0;
  #unranked = 0;

  constructor(options: UpdateOptions) {
    this.#request = new ScoreRequest(options.gameId, options.run);
    this.#players = options.players;
    this.#load = new UnaryLoad(
      { ...options, method: "UpdateScore" },
      { next: () => this.#next(), check: (message) => this.#check(message) },
    );
  }

  async start(): Promise<this> {
    await this.#load.start();
    return this;
  }

  begin(): void {
    this.#load.begin();
  }

  async end(): Promise<UpdateResult> {
    const result = await this.#load.end();
    return { ...result, sampled: this.#sampled, unranked: this.#unranked };
  }

  #next(): Buffer {
    const bytes = Buffer.allocUnsafe(this.#request.byteLength);
    const place = Math.floor(Math.random() * this.#players);
    this.#request.write(bytes, 0, place, this.#nextAction++);
    return bytes;
  }

  #check(message: Uint8Array): void {
    const { duplicate, seq, standings } = fromBinary(UpdateScoreResponseSchema, message);
    if (duplicate || seq < 1n || standings.length !== 1) throw new Error("an answer is wrong");
    this.#sampled += 1;
    if (standings[0]?.rank === undefined) this.#unranked += 1;
  }
}

serveLoad((options: UpdateOptions) => new UpdateLoad(options).start());
