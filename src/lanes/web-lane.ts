import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createSecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { create, createRegistry, type DescMethod } from "@bufbuild/protobuf";
import {
  type ConnectRouter,
  cors as connectCors,
  createContextValues,
  type HandlerContext,
} from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import cors from "cors";
import { file_google_rpc_error_details } from "../../gen/google/rpc/error_details_pb.js";
import {
  ScoreService,
  type StreamScoresRequest,
  StreamScoresResponseSchema,
  type WatchLeaderboardRequest,
} from "../../gen/score/v1/score_pb.js";
import { streamScores } from "../service/stream-scores.ts";
import { watchLeaderboard } from "../service/watch-leaderboard.ts";
import { blameCaller, ofCaller } from "./callers-mistake.ts";
import { keepAllAuthorizations, letRestPass } from "./http-request.ts";
import { type Lane, type LaneOptions, maxConcurrentStreams } from "./lane.ts";
import { shortenTimeouts } from "./longest-timeout.ts";
import { fromResult, toSubmission } from "./messages.ts";
import { toWatchRequest } from "./methods.ts";
import { maxAnswerBytes, mostRequestBytes, nodeLimits, unpacking } from "./request-limits.ts";
import { closeWhenIdle, closeWhenSilent } from "./session-ends.ts";
import { untilAborted } from "./until-aborted.ts";
import { callersAddress, framesTo, nodeResponse, runCall, runStream } from "./web-call.ts";
import { type OperatorPages, webPages } from "./web-pages.ts";

interface WebLaneOptions extends LaneOptions {
  readonly pages: OperatorPages;
  /** The folder of the bundled page. */
  readonly webRoot: string;
  readonly corsOrigins: readonly string[];
}

/** JSON shows what is in the errors of single events. */
const errorDetails = createRegistry(file_google_rpc_error_details);

/** The lane for browsers and curl: Connect, gRPC-Web and JSON by connect-node, and the page. */
export class WebLane {
  readonly #options: WebLaneOptions;
  readonly #stopping = new AbortController();
  /** Connections that stay open must not bring new calls for ever. */
  #isDraining = false;

  constructor(options: WebLaneOptions) {
    this.#options = options;
  }

  async listen(host: string, port: number): Promise<Lane> {
    const server = this.#createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, resolve);
    });
    const { port: bound } = server.address() as AddressInfo;
    return {
      port: bound,
      drain: () => this.#drain(server),
      close: () => {
        this.#stopping.abort();
        if ("closeAllConnections" in server) server.closeAllConnections();
      },
    };
  }

  /** HTTP/2 tells its clients to leave; on HTTP/1.1 each answer says so, and idle connections are closed. */
  #drain(server: Server): Promise<void> {
    this.#isDraining = true;
    const closeIdle = () => {
      if ("closeIdleConnections" in server) server.closeIdleConnections();
    };
    return new Promise((resolve) => {
      const timer = setInterval(closeIdle, 50);
      server.close(() => {
        clearInterval(timer);
        resolve();
      });
      closeIdle();
    });
  }

  #createServer(): Server {
    const { tls, callerAddress, corsOrigins, pages, webRoot } = this.#options;
    const { requestLimits, connectionLimits } = this.#options;
    const responses = new WeakMap<object, ServerResponse>();
    const calls = connectNodeAdapter({
      routes: (router) => this.#routes(router),
      acceptCompression: unpacking(requestLimits),
      writeMaxBytes: maxAnswerBytes,
      binaryOptions: { readUnknownFields: false },
      requestGate: blameCaller,
      jsonOptions: { registry: errorDetails },
      shutdownSignal: this.#stopping.signal,
      contextValues: (request) => {
        // Node joins headers of this name by commas.
        const forwardedFor = request.headers["x-forwarded-for"]?.toString();
        const address = callerAddress(request.socket.remoteAddress ?? "", forwardedFor);
        return createContextValues()
          .set(callersAddress, address)
          .set(nodeResponse, responses.get(request));
      },
      fallback: webPages(webRoot, pages),
    });
    const allowOrigins = cors({
      origin: [...corsOrigins],
      methods: [...connectCors.allowedMethods],
      allowedHeaders: [...connectCors.allowedHeaders, "Authorization"],
      exposedHeaders: [...connectCors.exposedHeaders],
      maxAge: 7_200,
    });
    const handle = (request: IncomingMessage, response: ServerResponse) => {
      responses.set(request, response);
      letRestPass(request, response);
      keepAllAuthorizations(request);
      shortenTimeouts(request.headers);
      if (this.#isDraining && request.httpVersionMajor === 1) {
        response.setHeader("connection", "close");
      }
      allowOrigins(request, response, () => {
        try {
          calls(request as never, response as never);
        } catch {
          // Connect throws at a host that is none, and the process would end.
          response.writeHead(400).end();
        }
      });
    };
    const bounds = nodeLimits(requestLimits);
    if (tls === undefined) return createServer(bounds, handle);
    const settings = { ...bounds.settings, maxConcurrentStreams };
    const secure = createSecureServer(
      { ...bounds, settings, cert: tls.cert, key: tls.key, allowHTTP1: true },
      handle as never,
    );
    secure.on("session", (session) => {
      closeWhenIdle(session, connectionLimits.idleMs);
      closeWhenSilent(session, connectionLimits);
    });
    return secure as unknown as Server;
  }

  #routes(router: ConnectRouter): void {
    const { unary, streams, guard, rooms, requestLimits } = this.#options;
    const limits = (method: DescMethod) => ({
      readMaxBytes: mostRequestBytes(method, requestLimits),
    });
    for (const { method, handle } of unary) {
      const run = (request: unknown, context: HandlerContext) =>
        runCall(guard, context, (call) => untilAborted(handle(call, request), context.signal));
      // biome-ignore lint/suspicious/noExplicitAny: the table holds methods of different messages
      router.rpc(method as any, run, limits(method));
    }
    for (const { method, handle } of streams) {
      const run = (request: unknown, context: HandlerContext) =>
        runStream(guard, context, (call) => handle(call, request));
      // biome-ignore lint/suspicious/noExplicitAny: the table holds methods of different messages
      router.rpc(method as any, run, limits(method));
    }
    const { watchLeaderboard, streamScores: pipe } = ScoreService.method;
    router.rpc(
      watchLeaderboard,
      (request, context) => this.#watch(request, context),
      // Frames that all are sent are not packed for each, and the first is one of them.
      { ...limits(watchLeaderboard), compressMinBytes: Number.POSITIVE_INFINITY },
    );
    router.rpc(
      pipe,
      (requests, context) => {
        const refuse = (error: unknown) => guard.refuse("StreamScores", error);
        return runStream(guard, context, async function* (call) {
          for await (const result of streamScores(rooms, call, submissions(requests))) {
            yield create(StreamScoresResponseSchema, fromResult(result, refuse));
          }
        });
      },
      limits(pipe),
    );
  }

  #watch(request: WatchLeaderboardRequest, context: HandlerContext) {
    const { guard, rooms } = this.#options;
    return runStream(guard, context, async function* (call) {
      const frames = framesTo(context);
      const leave = await watchLeaderboard(rooms, call, toWatchRequest(request), frames);
      call.signal.addEventListener("abort", () => frames.stop());
      try {
        if (!call.signal.aborted) yield* frames.messages();
      } finally {
        leave();
      }
    });
  }
}

async function* submissions(requests: AsyncIterable<StreamScoresRequest>) {
  try {
    for await (const request of requests) yield toSubmission(request);
  } catch (error) {
    throw ofCaller(error);
  }
}
