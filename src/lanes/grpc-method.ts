import {
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { MethodDefinition } from "@grpc/grpc-js";
import { ScoreService, WatchLeaderboardResponseSchema } from "../../gen/score/v1/score_pb.js";
import type { Frame } from "../watch/frame.ts";
import { fromFrame } from "./messages.ts";

/** A method of the contract as grpc-js takes it; frames of watches go in as they are. */
export function methodDefinition(method: DescMethod): MethodDefinition<unknown, unknown> {
  const path = `/${method.parent.typeName}/${method.name}`;
  return {
    path,
    requestStream:
      method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
    responseStream:
      method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    requestSerialize: encoder(method.input),
    requestDeserialize: decoder(method.input),
    responseSerialize:
      method === ScoreService.method.watchLeaderboard
        ? (encodeFrame as (value: unknown) => Buffer)
        : encoder(method.output),
    responseDeserialize: decoder(method.output),
  };
}

const encodedFrames = new WeakMap<Frame, Buffer>();

/** Once for all watchers of a board and limit. */
function encodeFrame(frame: Frame): Buffer {
  let encoded = encodedFrames.get(frame);
  if (encoded === undefined) {
    encoded = Buffer.from(toBinary(WatchLeaderboardResponseSchema, fromFrame(frame)));
    encodedFrames.set(frame, encoded);
  }
  return encoded;
}

function encoder<D extends DescMessage>(desc: D) {
  return (message: unknown): Buffer => {
    const bytes = toBinary(desc, message as MessageShape<D>);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}

function decoder(desc: DescMessage) {
  return (bytes: Buffer): unknown => fromBinary(desc, bytes);
}
