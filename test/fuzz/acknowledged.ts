import {
  createRegistry,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonValue,
  type MessageShape,
} from "@bufbuild/protobuf";
import { file_google_rpc_error_details } from "../../gen/google/rpc/error_details_pb.js";
import {
  ScoreService,
  type UpdateScoreResponse,
  UpdateScoreResponseSchema,
} from "../../gen/score/v1/score_pb.js";
import { envelopes } from "../lanes/envelopes.ts";
import type { FuzzedMethod } from "./methods.ts";
import type { Outcome } from "./outcome.ts";

/** What became of one event: the standing, or the number of an error's code. */
export type Acknowledgement = UpdateScoreResponse | number;

const registry = createRegistry(file_google_rpc_error_details);

/** Of every event that an answer speaks of. Throws at an answer that can't be read. */
export async function acknowledgements(
  { desc }: FuzzedMethod,
  outcome: Outcome,
): Promise<Acknowledgement[]> {
  const { updateScore, updateScores, streamScores } = ScoreService.method;
  if (desc === updateScore) return messages(UpdateScoreResponseSchema, outcome);
  const results =
    desc === updateScores
      ? (await messages(updateScores.output, outcome)).flatMap((response) => response.results)
      : desc === streamScores
        ? await messages(streamScores.output, outcome)
        : [];
  return results.map(({ outcome: { case: kind, value } }) => {
    if (kind === undefined) throw new Error("an event without an outcome");
    return kind === "accepted" ? value : value.code;
  });
}

/** The messages of an answer, in whatever protocol it came. */
async function messages<D extends DescMessage>(
  desc: D,
  { http, code, type, body }: Outcome,
): Promise<MessageShape<D>[]> {
  const isFramed = /^application\/(grpc|connect\+)/.test(type);
  if (!isFramed && (http !== 200 || code !== 0)) return [];
  const read = (bytes: Uint8Array) =>
    type.includes("json")
      ? fromJson(desc, JSON.parse(Buffer.from(bytes).toString()) as JsonValue, { registry })
      : fromBinary(desc, bytes);
  if (!isFramed) return [read(body)];
  const found: MessageShape<D>[] = [];
  const content = type.includes("text") ? Buffer.from(body.toString(), "base64") : body;
  for await (const { flags, bytes } of envelopes([content])) {
    if (flags === 0) found.push(read(bytes));
  }
  return found;
}
