import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from "node:http2";
import { hangMs } from "./outcome.ts";

interface RawHttp2Call {
  readonly headers: OutgoingHttpHeaders;
  readonly body: Uint8Array;
  /** Whether it has seen enough once this has come, after this status. */
  readonly leavesAt?: (bytes: Buffer, status: number | undefined) => boolean;
  /** Says that more will come, and does not send it. */
  readonly isEndless?: boolean;
}

/** What came over a stream. */
export interface Exchange {
  readonly headers: IncomingHttpHeaders & IncomingHttpStatusHeader;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** It left before the end. */
  readonly hasLeft: boolean;
  /** How the connection failed. */
  readonly broken?: string;
}

/** HTTP/2 with whatever a test wants to send. */
export class RawHttp2 {
  readonly #origin: string;
  readonly #ca: Buffer | undefined;
  /** Opened by the first call, and again by the next after it ended. */
  #session: ClientHttp2Session | undefined;

  /** With `ca`, the PEM of a certificate to trust, over TLS. */
  constructor(port: number, ca?: Buffer) {
    this.#origin = ca ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
    this.#ca = ca;
  }

  /** Never rejects. */
  call({ headers, body, leavesAt, isEndless = false }: RawHttp2Call): Promise<Exchange> {
    const stream = this.#connected().request(headers, { endStream: false });
    const exchange = exchangeOf(stream, leavesAt);
    if (isEndless) stream.write(body);
    else stream.end(body);
    return exchange;
  }

  close(): void {
    this.#session?.destroy();
  }

  #connected(): ClientHttp2Session {
    if (this.#session === undefined || this.#session.closed || this.#session.destroyed) {
      this.#session = connect(this.#origin, this.#ca && { ca: this.#ca });
      // The streams hear of it too.
      this.#session.on("error", () => {});
    }
    return this.#session;
  }
}

function exchangeOf(
  stream: ClientHttp2Stream,
  leavesAt: RawHttp2Call["leavesAt"] = () => false,
): Promise<Exchange> {
  const { promise, resolve } = Promise.withResolvers<Exchange>();
  let headers: Exchange["headers"] = {};
  let trailers: IncomingHttpHeaders = {};
  const chunks: Buffer[] = [];
  const done = (how: Partial<Exchange> = {}) => {
    clearTimeout(timer);
    resolve({ headers, trailers, body: Buffer.concat(chunks), hasLeft: false, ...how });
  };
  const timer = setTimeout(() => {
    done({ broken: "no answer" });
    stream.close(constants.NGHTTP2_CANCEL);
  }, hangMs);
  stream.on("response", (received) => {
    headers = received;
  });
  stream.on("trailers", (received) => {
    trailers = received;
  });
  stream.on("data", (chunk) => {
    chunks.push(chunk);
    if (!leavesAt(chunk, headers[":status"])) return;
    done({ hasLeft: true });
    stream.close(constants.NGHTTP2_CANCEL);
  });
  stream.on("end", () => {
    // The trailers come before the end; whoever has not sent all would wait for the close.
    if (!stream.writableEnded) done();
  });
  stream.on("error", ({ message }) => done({ broken: message }));
  stream.on("close", () => done());
  return promise;
}
