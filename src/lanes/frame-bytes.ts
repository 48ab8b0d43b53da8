import { toBinary, toJsonString } from "@bufbuild/protobuf";
import {
  type WatchLeaderboardResponse,
  WatchLeaderboardResponseSchema,
} from "../../gen/score/v1/score_pb.js";
import type { Frame } from "../watch/frame.ts";
import { madeOnce } from "./made-once.ts";
import { fromFrame } from "./messages.ts";

/** A byte that says "not compressed" and four with the length. */
const headBytes = 5;

/** What `frame` is as a message, made once for all who are sent it. */
export const frameMessage = madeOnce(fromFrame);

/** `frame` as gRPC, gRPC-Web and Connect send it, made once for all who are sent it. */
export const frameBytes = enveloped((message) => toBinary(WatchLeaderboardResponseSchema, message));

/** The same in JSON. */
export const frameJsonBytes = enveloped((message) =>
  Buffer.from(toJsonString(WatchLeaderboardResponseSchema, message)),
);

function enveloped(
  encode: (message: WatchLeaderboardResponse) => Uint8Array,
): (frame: Frame) => Buffer {
  return madeOnce((frame) => {
    const message = encode(fromFrame(frame));
    const bytes = Buffer.alloc(headBytes + message.length);
    bytes.writeUInt32BE(message.length, 1);
    bytes.set(message, headBytes);
    return bytes;
  });
}
