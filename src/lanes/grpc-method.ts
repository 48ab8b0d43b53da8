import {
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { MethodDefinition } from "@grpc/grpc-js";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { ScoreError } from "../model/score-error.ts";
import { madeOnceIfShared } from "./made-once.ts";

/** A method of the contract as grpc-js takes it. */
export function methodDefinition(method: DescMethod): MethodDefinition<unknown, unknown> {
  const path = `/${method.parent.typeName}/${method.name}`;
  return {
    path,
    requestStream:
      method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
    responseStream:
      method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    requestSerialize: encoder(method.input),
    requestDeserialize: requestDecoder(method.input),
    responseSerialize: responseEncoder(method) as (response: unknown) => Buffer,
    responseDeserialize: decoder(method.output),
  };
}

/** What many callers are sent at a time is encoded once. */
function responseEncoder(method: DescMethod): (response: never) => Buffer {
  const encode = encoder(method.output);
  return method === ScoreService.method.getLeaderboard
    ? madeOnceIfShared<object, Buffer>(encode)
    : encode;
}

function encoder<D extends DescMessage>(desc: D) {
  return (message: unknown): Buffer => {
    const bytes = toBinary(desc, message as MessageShape<D>);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}

/** In the place of a request whose bytes are no message of its type. */
export class Undecodable {
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }
}

/** grpc-js would answer INTERNAL to what it can't decode, though the mistake is the caller's. */
function requestDecoder(desc: DescMessage) {
  const decode = decoder(desc);
  return (bytes: Buffer): unknown => {
    try {
      return decode(bytes);
    } catch (cause) {
      return new Undecodable(cause);
    }
  };
}

/** The request; throws `invalid_request` when its bytes were no message. */
export function decoded<T>(request: T | Undecodable): T {
  if (!(request instanceof Undecodable)) return request;
  const { cause } = request;
  throw new ScoreError("invalid_request", "the request's bytes are no message", { cause });
}

function decoder(desc: DescMessage) {
  return (bytes: Buffer): unknown => fromBinary(desc, bytes);
}
