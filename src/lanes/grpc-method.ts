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

/** A method of the contract as grpc-js takes it, with requests of so many bytes at most. */
export function methodDefinition(
  method: DescMethod,
  mostBytes: number,
): MethodDefinition<unknown, unknown> {
  const path = `/${method.parent.typeName}/${method.name}`;
  return {
    path,
    requestStream:
      method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
    responseStream:
      method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    requestSerialize: encoder(method.input),
    requestDeserialize: requestDecoder(method.input, mostBytes),
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

/** In the place of a request that can't be read. */
export class Undecodable {
  readonly error: ScoreError;

  constructor(error: ScoreError) {
    this.error = error;
  }
}

/**
 * grpc-js would answer INTERNAL to what it can't decode, though the mistake is the
 * caller's. It decodes before anybody knows who calls, and keeps the request until its end has
 * come: hence no field that the contract does not have, which would hold all its bytes.
 */
function requestDecoder(desc: DescMessage, mostBytes: number) {
  return (bytes: Buffer): unknown => {
    if (bytes.length > mostBytes) {
      return new Undecodable(
        new ScoreError("request_too_large", `the request may have ${mostBytes} bytes`),
      );
    }
    try {
      return fromBinary(desc, bytes, { readUnknownFields: false });
    } catch (cause) {
      return new Undecodable(
        new ScoreError("invalid_request", "the request's bytes are no message", { cause }),
      );
    }
  };
}

/** The request; throws why it can't be read. */
export function decoded<T>(request: T | Undecodable): T {
  if (request instanceof Undecodable) throw request.error;
  return request;
}

function decoder(desc: DescMessage) {
  return (bytes: Buffer): unknown => fromBinary(desc, bytes);
}
