import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import {
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import {
  ScoreService,
  type StreamScoresRequestSchema,
  type StreamScoresResponse,
} from "../../gen/score/v1/score_pb.js";
import { authorizationOf, CallError, type CallOptions, type LaneClient } from "./lane-client.ts";

/** An open pipe of scores. */
export type ScoreStream = ClientDuplexStream<
  MessageInitShape<typeof StreamScoresRequestSchema>,
  StreamScoresResponse
>;

/** The client of a game server: grpc-js with the contract's own messages. */
export class GrpcClient implements LaneClient {
  readonly raw: Client;

  /** With `ca`, the PEM of a certificate to trust, over TLS. */
  constructor(port: number, ca?: Buffer) {
    this.raw = new Client(
      `${ca ? "localhost" : "127.0.0.1"}:${port}`,
      ca ? credentials.createSsl(ca) : credentials.createInsecure(),
      {
        "grpc.max_receive_message_length": -1,
        "grpc.max_send_message_length": -1,
        // A connection of its own: a new client must not be given one that is dead.
        "grpc.use_local_subchannel_pool": 1,
      },
    );
  }

  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    return new Promise((resolve, reject) => {
      this.raw.makeUnaryRequest(
        pathOf(method),
        encoder(method.input),
        decoder(method.output),
        request,
        metadataOf(options),
        callOptions(options),
        (error, response) =>
          response === undefined ? reject(toCallError(error as ServiceError)) : resolve(response),
      );
    });
  }

  async *watch<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): AsyncGenerator<MessageShape<O>> {
    const stream = this.raw.makeServerStreamRequest(
      pathOf(method),
      encoder(method.input),
      decoder(method.output),
      request,
      metadataOf(options),
      callOptions(options),
    );
    options.signal?.addEventListener("abort", () => stream.cancel());
    // After the loop has ended nobody else hears of the cancellation.
    stream.on("error", () => {});
    try {
      yield* stream;
    } catch (error) {
      throw toCallError(error as ServiceError);
    } finally {
      stream.cancel();
    }
  }

  stream(options: CallOptions = {}): ScoreStream {
    const { streamScores } = ScoreService.method;
    return this.raw.makeBidiStreamRequest(
      pathOf(streamScores),
      encoder(streamScores.input),
      decoder(streamScores.output),
      metadataOf(options),
      callOptions(options),
    );
  }

  close(): void {
    this.raw.close();
  }
}

export function toCallError({ code, details, metadata }: ServiceError): CallError {
  const [bytes] = metadata?.get("grpc-status-details-bin") ?? [];
  const status = bytes ? fromBinary(StatusSchema, bytes as Buffer) : undefined;
  return new CallError(code as number, details, status?.details ?? []);
}

function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function metadataOf(options: CallOptions): Metadata {
  const metadata = new Metadata();
  const authorization = authorizationOf(options);
  if (authorization !== undefined) metadata.set("authorization", authorization);
  return metadata;
}

function callOptions({ timeoutMs }: CallOptions) {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}

function encoder<D extends DescMessage>(desc: D) {
  return (message: MessageInitShape<D>) => Buffer.from(toBinary(desc, create(desc, message)));
}

function decoder<D extends DescMessage>(desc: D) {
  return (bytes: Buffer): MessageShape<D> => fromBinary(desc, bytes);
}
