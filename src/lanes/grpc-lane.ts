import type { Writable } from "node:stream";
import { create, type DescMethod } from "@bufbuild/protobuf";
import {
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  logVerbosity,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  setLogVerbosity,
  type status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import {
  ScoreService,
  type StreamScoresRequest,
  type StreamScoresResponse,
  StreamScoresResponseSchema,
  type WatchLeaderboardRequest,
} from "../../gen/score/v1/score_pb.js";
import type { Call as AcceptedCall } from "../service/rooms.ts";
import { streamScores } from "../service/stream-scores.ts";
import { watchLeaderboard } from "../service/watch-leaderboard.ts";
import type { Frame } from "../watch/frame.ts";
import { blameGrpcCaller } from "./callers-mistake.ts";
import { FrameStream } from "./frame-stream.ts";
import { decoded, methodDefinition } from "./grpc-method.ts";
import { type Incoming, RefusedCall } from "./guard.ts";
import { Health } from "./health.ts";
import { type Lane, type LaneOptions, maxConcurrentStreams } from "./lane.ts";
import { fromResult, toSubmission } from "./messages.ts";
import { toWatchRequest, type UnaryMethod } from "./methods.ts";
import { reflection } from "./reflection.ts";
import {
  keepConnections,
  limitHeaders,
  limitUnpacked,
  maxAnswerBytes,
  mostRequestBytes,
} from "./request-limits.ts";
import { SentCount } from "./sent-count.ts";
import { statusDetails } from "./wire-error.ts";

type Call = Pick<ServerUnaryCall<unknown, unknown>, "metadata" | "getDeadline" | "getPeer">;

const neverAborted = new AbortController().signal;

/** One for all: streams abort when they end, too, and each would make its own with a stack. */
const streamEnded = new Error("the stream has ended");

interface GrpcLaneOptions extends LaneOptions {
  /** Whether others come through proxies that are trusted. */
  readonly hasProxies: boolean;
}

/** The lane for game servers and Envoy: HTTP/2 by grpc-js, with health and reflection. */
export class GrpcLane {
  readonly #options: LaneOptions;
  readonly #server: Server;
  readonly #health = new Health();

  constructor(options: GrpcLaneOptions) {
    this.#options = options;
    // It would write headers that it can't take, such as a token with a tab, to standard error.
    setLogVerbosity(logVerbosity.NONE);
    this.#server = new Server({
      "grpc.max_receive_message_length": options.requestLimits.listBytes,
      "grpc.max_send_message_length": maxAnswerBytes,
      "grpc.keepalive_time_ms": options.connectionLimits.silentMs,
      "grpc.keepalive_timeout_ms": options.connectionLimits.answerMs,
      "grpc.max_connection_idle_ms": options.connectionLimits.idleMs,
      "grpc.max_concurrent_streams": maxConcurrentStreams,
      // Counts of calls and connections that nobody can ask for.
      "grpc.enable_channelz": 0,
      // MB of a connection; new calls are refused above it. Without it there is no end.
      "grpc-node.max_session_memory": 64,
      interceptors: [blameGrpcCaller, limitUnpacked(options.requestLimits)],
    });
    limitHeaders(this.#server, options.requestLimits);
    if (options.hasProxies) keepConnections(this.#server);
    this.#addServices();
    this.#health.addTo(this.#server);
    reflection().addToServer(this.#server);
  }

  /** What health checks are told, for the whole and for each service. */
  setServing(isServing: boolean): void {
    this.#health.setServing(isServing);
  }

  async listen(host: string, port: number): Promise<Lane> {
    const { tls } = this.#options;
    const credentials = tls
      ? ServerCredentials.createSsl(null, [{ cert_chain: tls.cert, private_key: tls.key }])
      : ServerCredentials.createInsecure();
    const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
    const bound = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(address, credentials, (error, number) =>
        error ? reject(error) : resolve(number),
      );
    });
    return {
      port: bound,
      drain: () => {
        this.#health.endWatches();
        return new Promise((resolve) => this.#server.tryShutdown(() => resolve()));
      },
      close: () => this.#server.forceShutdown(),
    };
  }

  #addServices(): void {
    const { unary, streams, requestLimits } = this.#options;
    const services = new Map<
      string,
      {
        definition: Record<string, ServiceDefinition[string]>;
        handlers: UntypedServiceImplementation;
      }
    >();
    const add = (method: DescMethod, handler: UntypedServiceImplementation[string]) => {
      const { typeName } = method.parent;
      const service = services.get(typeName) ?? { definition: {}, handlers: {} };
      services.set(typeName, service);
      service.definition[method.name] = methodDefinition(
        method,
        mostRequestBytes(method, requestLimits),
      );
      service.handlers[method.name] = handler;
    };
    for (const { method, handle } of unary) add(method, this.#unary(method.name, handle));
    for (const { method, handle } of streams) {
      add(method, (call: ServerWritableStream<unknown, unknown>) =>
        this.#send(call, method.name, (accepted) => handle(accepted, decoded(call.request))),
      );
    }
    add(ScoreService.method.watchLeaderboard, this.#watch());
    add(ScoreService.method.streamScores, this.#stream());
    for (const { definition, handlers } of services.values()) {
      this.#server.addService(definition, handlers);
    }
  }

  #unary(method: string, handle: UnaryMethod["handle"]): handleUnaryCall<unknown, unknown> {
    const { guard } = this.#options;
    return (call, callback) => {
      guard
        .run(this.#incoming(call, method, neverAborted), (accepted) =>
          handle(accepted, decoded(call.request)),
        )
        .then(
          (response) => callback(null, response),
          (error) => callback(toServiceError(error)),
        );
    };
  }

  #watch(): handleServerStreamingCall<WatchLeaderboardRequest, Frame> {
    const { guard, rooms } = this.#options;
    return (call) => {
      const ended = Promise.withResolvers<void>();
      // A watch may end before it has begun, when nobody waits for its end yet.
      ended.promise.catch(() => {});
      const gone = new AbortController();
      let leave = () => {};
      call.on("cancelled", () => {
        gone.abort(streamEnded);
        ended.resolve();
      });
      const frames = new FrameStream(call);
      const sink = {
        send: (frame: Frame, drained: () => void) => frames.send(frame, drained),
        end: ended.reject,
      };
      guard
        .run(this.#incoming(call, "WatchLeaderboard", gone.signal), async (accepted) => {
          leave = await watchLeaderboard(
            rooms,
            accepted,
            toWatchRequest(decoded(call.request)),
            sink,
          );
          await ended.promise;
        })
        .finally(() => leave())
        .then(
          () => call.end(),
          (error) => call.emit("error", toServiceError(error)),
        );
    };
  }

  #stream(): handleBidiStreamingCall<StreamScoresRequest, StreamScoresResponse> {
    const { guard, rooms } = this.#options;
    const refuse = (error: unknown) => guard.refuse("StreamScores", error);
    return (call) =>
      this.#send(call, "StreamScores", async function* (accepted) {
        for await (const result of streamScores(rooms, accepted, submissions(call))) {
          yield create(StreamScoresResponseSchema, fromResult(result, refuse));
        }
      });
  }

  /** Sends what `produce` yields, no faster than the caller takes it. */
  #send<T>(
    call: ServerWritableStream<unknown, T> | ServerDuplexStream<unknown, T>,
    method: string,
    produce: (call: AcceptedCall) => AsyncIterable<T>,
  ): void {
    const gone = new AbortController();
    call.on("cancelled", () => gone.abort(streamEnded));
    const sent = new SentCount();
    this.#options.guard
      .run(this.#incoming(call, method, gone.signal), async (accepted) => {
        for await (const message of produce(accepted)) {
          const hasRoom = call.write(message, sent.begin());
          if (!hasRoom && !gone.signal.aborted) await drained(call, gone.signal);
        }
      })
      .then(
        () => call.end(),
        async (error) => {
          // Whoever reads the stream destroys it at an error, with the answers that wait.
          await sent.all();
          call.emit("error", toServiceError(error));
        },
      );
  }

  #incoming(call: Call, method: string, signal: AbortSignal): Incoming {
    const [authorization] = call.metadata.get("authorization");
    const forwardedFor = call.metadata.get("x-forwarded-for").join(", ") || undefined;
    const deadline = call.getDeadline();
    const until = typeof deadline === "number" ? deadline : deadline.getTime();
    return {
      lane: "grpc",
      method,
      authorization: authorization === undefined ? undefined : String(authorization),
      address: this.#options.callerAddress(hostOf(call.getPeer()), forwardedFor),
      timeoutMs: Number.isFinite(until) ? until - Date.now() : undefined,
      signal,
    };
  }
}

/** Leaves the pipe open when it ends early: the answers, and the reason, are still to go out. */
async function* submissions(call: ServerDuplexStream<StreamScoresRequest, StreamScoresResponse>) {
  const requests = call.iterator({ destroyOnReturn: false });
  for await (const request of requests) yield toSubmission(decoded(request as StreamScoresRequest));
}

function drained(call: Writable, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      signal.removeEventListener("abort", done);
      call.off("drain", done);
      resolve();
    };
    call.once("drain", done);
    signal.addEventListener("abort", done);
  });
}

/** `127.0.0.1:1234`, `[::1]:1234` or `::1:1234` without the port. */
function hostOf(peer: string): string {
  return peer.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}

function toServiceError(error: unknown) {
  if (!(error instanceof RefusedCall)) throw error;
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", statusDetails(error.wire));
  const { retryAfter } = error.wire;
  if (retryAfter !== undefined) metadata.set("retry-after", retryAfter);
  return { code: error.wire.code as number as status, details: error.wire.message, metadata };
}
