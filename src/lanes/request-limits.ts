import type { SecureServerOptions } from "node:http2";
import type { DescMethod } from "@bufbuild/protobuf";
import type { Compression } from "@connectrpc/connect/protocol";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import type { Server, ServerInterceptingCall, ServerInterceptor } from "@grpc/grpc-js";
import { AdminService } from "../../gen/score/v1/admin_pb.js";
import { ScoreService } from "../../gen/score/v1/score_pb.js";

/** How much, and for how long, a lane reads of one request. */
export interface RequestLimits {
  /** A message, but for those that are lists. */
  readonly messageBytes: number;
  /** A message that is a list: of events, or of a game's boards and actions. */
  readonly listBytes: number;
  /** What a packed message may become, whatever it is: a thousandth of it is sent. */
  readonly unpackedBytes: number;
  /** All headers of a call; HTTP/2 counts 32 more for each. */
  readonly headerBytes: number;
  /** From the first byte of a request to the end of its headers; on HTTP/1.1 only. */
  readonly headersMs: number;
  /** From the first byte of a request to the end of its body, but for streams of requests. */
  readonly requestMs: number;
}

/** More headers than any client sends; more end the stream. */
const maxHeaders = 128;

/** A message that is sent. A thousand events' answers, each with twenty boards, are 3.4 MB at most. */
export const maxAnswerBytes = 4 * 1_024 * 1_024;

const lists: ReadonlySet<DescMethod> = new Set<DescMethod>([
  ScoreService.method.updateScores,
  AdminService.method.putGame,
]);

/** The most bytes of one of the method's requests. */
export function mostRequestBytes(method: DescMethod, limits: RequestLimits): number {
  return lists.has(method) ? limits.listBytes : limits.messageBytes;
}

/** What connect-node unpacks, and how far. */
export function unpacking({ unpackedBytes }: RequestLimits): Compression[] {
  return [compressionGzip, compressionBrotli].map((compression) => ({
    ...compression,
    decompress: (bytes, most) => compression.decompress(bytes, Math.min(most, unpackedBytes)),
  }));
}

/** The same for grpc-js, which has one limit for both: a test tells when it keeps it elsewhere. */
export function limitUnpacked({ unpackedBytes }: RequestLimits): ServerInterceptor {
  return (_, call) => {
    // What the call has read so far was held to the limit that it began with.
    Object.assign(call, { maxReceiveMessageSize: unpackedBytes });
    return call as ServerInterceptingCall;
  };
}

/** What `node:http` and `node:http2` take, each what it knows. */
export function nodeLimits({ headerBytes, headersMs, requestMs }: RequestLimits) {
  return {
    maxHeaderSize: headerBytes,
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    // Looked for at this pace: the default of 30 s would make 40 s of 10.
    connectionsCheckingInterval: Math.ceil(headersMs / 4),
    maxHeaderListPairs: maxHeaders,
    settings: { maxHeaderListSize: headerBytes },
  };
}

/** Holds the headers of a call to what the limits say. */
export function limitHeaders(server: Server, limits: RequestLimits): void {
  const options = http2Options(server);
  const { settings, maxHeaderListPairs } = nodeLimits(limits);
  options.settings = { ...options.settings, ...settings };
  options.maxHeaderListPairs = maxHeaderListPairs;
}

/**
 * Ends no connection for what becomes of its streams: a proxy's carries the calls of all who come
 * through it, and the proxy has limits of its own. By default 100 streams refused in a row end it (streams
 * that were reset count as open until the next turn of the event loop), 1,000 resets, and 33 a second.
 */
export function keepConnections(server: Server): void {
  const endless = 2 ** 31 - 1;
  const options = http2Options(server);
  options.streamResetBurst = options.streamResetRate = endless;
  options.maxSessionRejectedStreams = endless;
}

/** grpc-js has no options for these: the tests of the limits tell when it keeps its options elsewhere. */
function http2Options(server: Server): SecureServerOptions {
  return (server as unknown as { commonServerOptions: SecureServerOptions }).commonServerOptions;
}
