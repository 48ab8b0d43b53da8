import { request } from "node:http";
import { connect } from "node:http2";
import { text } from "node:stream/consumers";

/** What came back of a call, as far as it came. */
export interface RawAnswer {
  /** Of HTTP; undefined when the stream or the connection was cut instead. */
  readonly status: number | undefined;
  /** Of gRPC, from the headers or the trailers. */
  readonly grpcStatus: string | undefined;
  readonly body: string;
}

/** Headers as they stand on the wire, also several of one name. */
export type RawHeaders = readonly (readonly [name: string, value: string])[];

const answerTimeoutMs = 20_000;

/** Where gRPC is spoken; with `ca`, the PEM of a certificate to trust, over TLS. */
interface RawTarget {
  readonly port: number;
  readonly ca?: Buffer;
}

/** A gRPC call of an empty message on a connection of its own, with headers that clients don't send. */
export function rawGrpc(
  { port, ca }: RawTarget,
  path: string,
  headers: RawHeaders,
): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const session = connect(ca ? `https://localhost:${port}` : `http://127.0.0.1:${port}`, {
      maxSendHeaderBlockLength: 16_777_215,
      ...(ca === undefined ? {} : { ca }),
    });
    let status: number | undefined;
    let grpcStatus: string | undefined;
    session.on("error", () => {});
    const names = new Set(headers.map(([name]) => name));
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...Object.fromEntries(
        [...names].map((name) => [
          name,
          headers.filter((one) => one[0] === name).map((one) => one[1]),
        ]),
      ),
    });
    stream.on("response", (given) => {
      status = given[":status"];
      grpcStatus ??= given["grpc-status"]?.toString();
    });
    stream.on("trailers", (given) => {
      grpcStatus = given["grpc-status"]?.toString();
    });
    stream.on("error", () => {});
    stream.setTimeout(answerTimeoutMs, () => stream.destroy());
    stream.on("close", () => {
      session.destroy();
      resolve({ status, grpcStatus, body: "" });
    });
    stream.resume();
    stream.end(Buffer.alloc(5));
  });
}

/** A POST of JSON on a connection of its own. */
export function rawPost(
  port: number,
  path: string,
  headers: RawHeaders,
  body = "{}",
): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const cut = () => resolve({ status: undefined, grpcStatus: undefined, body: "" });
    const given: [string, string][] = [
      ["host", `127.0.0.1:${port}`],
      ["content-type", "application/json"],
      ["content-length", String(Buffer.byteLength(body))],
      ...headers.map(([name, value]): [string, string] => [name, value]),
    ];
    const call = request({
      port,
      host: "127.0.0.1",
      path,
      method: "POST",
      agent: false,
      headers: given.flat(),
      timeout: answerTimeoutMs,
    });
    call.on("timeout", () => call.destroy());
    call.on("error", cut);
    call.on("response", (response) => {
      const grpcStatus = response.headers["grpc-status"]?.toString();
      text(response).then((answer) => {
        resolve({ status: response.statusCode, grpcStatus, body: answer });
      }, cut);
    });
    call.end(body);
  });
}
