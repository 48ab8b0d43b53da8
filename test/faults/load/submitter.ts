import { Code } from "@connectrpc/connect";
import type { Status } from "../../../gen/google/rpc/status_pb.js";
import {
  ScoreService,
  type StreamScoresResponse,
  type UpdateScoreResponse,
} from "../../../gen/score/v1/score_pb.js";
import { type GrpcClient, type ScoreStream, toCallError } from "../../lanes/grpc-client.ts";
import { CallError, type LaneClient } from "../../lanes/lane-client.ts";
import type { Acknowledgement, Refusal, SentEvent } from "../judge/history.ts";

export type Outcome = Acknowledgement | Refusal;

/** How events get to one instance. */
export interface Submitter {
  readonly isStreamed: boolean;
  /** One outcome for each event, in order. */
  submit(events: readonly SentEvent[]): Promise<readonly Outcome[]>;
  close(): void;
}

interface SubmitterOptions {
  readonly client: LaneClient;
  readonly gameId: string;
  readonly token: string;
  /** A caller's patience. */
  readonly timeoutMs: number;
}

/** Each event is a call of its own. */
export class SingleSubmitter implements Submitter {
  readonly isStreamed = false;
  readonly #options: SubmitterOptions;

  constructor(options: SubmitterOptions) {
    this.#options = options;
  }

  submit(events: readonly SentEvent[]): Promise<readonly Outcome[]> {
    const { client, gameId, token, timeoutMs } = this.#options;
    const one = async (event: SentEvent): Promise<Outcome> => {
      try {
        const message = { gameId, ...messageOf(event) };
        const { updateScore } = ScoreService.method;
        return toAcknowledgement(await client.call(updateScore, message, { token, timeoutMs }));
      } catch (error) {
        return toRefusal(error);
      }
    };
    return Promise.all(events.map(one));
  }

  close(): void {
    this.#options.client.close();
  }
}

/** All events are one call. */
export class BatchSubmitter implements Submitter {
  readonly isStreamed = false;
  readonly #options: SubmitterOptions;

  constructor(options: SubmitterOptions) {
    this.#options = options;
  }

  async submit(events: readonly SentEvent[]): Promise<readonly Outcome[]> {
    const { client, gameId, token, timeoutMs } = this.#options;
    try {
      const message = { gameId, events: events.map(messageOf) };
      const { updateScores } = ScoreService.method;
      const { results } = await client.call(updateScores, message, { token, timeoutMs });
      return results.map(({ outcome }) => toOutcome(outcome));
    } catch (error) {
      return events.map(() => toRefusal(error));
    }
  }

  close(): void {
    this.#options.client.close();
  }
}

/** One open pipe for all events; a new one after it broke. */
export class PipeSubmitter implements Submitter {
  readonly isStreamed = true;
  readonly #options: SubmitterOptions & { readonly client: GrpcClient };
  #stream: ScoreStream | undefined;
  /** What waits for its acknowledgement. */
  readonly #waiting = new Map<string, (outcome: Outcome) => void>();

  constructor(options: SubmitterOptions & { readonly client: GrpcClient }) {
    this.#options = options;
  }

  async submit(events: readonly SentEvent[]): Promise<readonly Outcome[]> {
    const { gameId, timeoutMs } = this.#options;
    this.#stream ??= this.#open();
    const stream = this.#stream;
    const impatience = setTimeout(() => {
      this.#end(stream, { code: "DeadlineExceeded", reason: undefined, saysWhen: false });
      stream.cancel();
    }, timeoutMs);
    try {
      const outcomes = events.map(
        ({ actionId }) => new Promise<Outcome>((resolve) => this.#waiting.set(actionId, resolve)),
      );
      for (const event of events) stream.write({ gameId, ...messageOf(event) });
      return await Promise.all(outcomes);
    } finally {
      clearTimeout(impatience);
    }
  }

  close(): void {
    this.#stream?.cancel();
    this.#options.client.close();
  }

  #open(): ScoreStream {
    const stream = this.#options.client.stream({ token: this.#options.token });
    stream.on("data", ({ actionId, outcome }: StreamScoresResponse) => {
      this.#waiting.get(actionId)?.(toOutcome(outcome));
      this.#waiting.delete(actionId);
    });
    stream.on("error", (error) => this.#end(stream, toRefusal(toCallError(error as never))));
    stream.on("end", () =>
      this.#end(stream, { code: "Unavailable", reason: undefined, saysWhen: false }),
    );
    return stream;
  }

  /** What still waits on the stream will not be answered. */
  #end(stream: ScoreStream, refusal: Refusal): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    for (const resolve of this.#waiting.values()) resolve(refusal);
    this.#waiting.clear();
  }
}

function messageOf({ actionId, playerId, points }: SentEvent) {
  return { actionId, playerId, what: { case: "points" as const, value: BigInt(points) } };
}

function toOutcome(
  outcome:
    | { case: "accepted"; value: UpdateScoreResponse }
    | { case: "error"; value: Status }
    | { case: undefined; value?: undefined },
): Outcome {
  if (outcome.case === "accepted") return toAcknowledgement(outcome.value);
  if (outcome.case === undefined) throw new Error("an event has neither outcome");
  const { code, message, details } = outcome.value;
  return toRefusal(new CallError(code, message, details));
}

function toAcknowledgement({ duplicate, seq, standings }: UpdateScoreResponse): Acknowledgement {
  const scores = standings.map(({ boardId, score }) => [boardId, Number(score)]);
  return { duplicate, seq: Number(seq), scores: Object.fromEntries(scores) };
}

/** What a client learned of why a call failed; rejects what is no failure of a call. */
export function toRefusal(error: unknown): Refusal {
  if (!(error instanceof CallError)) throw error;
  const detailOf = (type: string) =>
    error.details.find((detail) => String(detail["@type"]).endsWith(type));
  const reason = detailOf(".ErrorInfo")?.reason;
  return {
    code: Code[error.code] ?? String(error.code),
    reason: reason === undefined ? undefined : String(reason),
    saysWhen: detailOf(".RetryInfo") !== undefined,
  };
}
