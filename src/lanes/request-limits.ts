import type { SecureServerOptions } from "node:http2";
import type { Server } from "@grpc/grpc-js";

/** How much, and for how long, a lane reads of one request. */
export interface RequestLimits {
  /** A message, also once it is unpacked. */
  readonly messageBytes: number;
  /** All headers of a call; HTTP/2 counts 32 more for each. */
  readonly headerBytes: number;
  /** From the first byte of a request to the end of its headers; on HTTP/1.1 only. */
  readonly headersMs: number;
  /** From the first byte of a request to the end of its body, but for streams of requests. */
  readonly requestMs: number;
}

/** More headers than any client sends; more end the stream. */
const maxHeaders = 128;

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

/** grpc-js has no option for headers: the test of the limit tells when it keeps its options elsewhere. */
export function limitHeaders(server: Server, limits: RequestLimits): void {
  const { commonServerOptions: options } = server as unknown as {
    commonServerOptions: SecureServerOptions;
  };
  const { settings, maxHeaderListPairs } = nodeLimits(limits);
  options.settings = { ...options.settings, ...settings };
  options.maxHeaderListPairs = maxHeaderListPairs;
}
