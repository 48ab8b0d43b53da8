import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import type { Code } from "@connectrpc/connect";
import { codeFromString } from "@connectrpc/connect/protocol-connect";
import { envelopes } from "../lanes/envelopes.ts";
import { RawHttp2 } from "./http2-call.ts";
import { hangMs, type Outcome } from "./outcome.ts";

/** A request as it goes over the wire, whether it follows a protocol or not. */
export interface RawHttpCall {
  readonly path: string;
  readonly verb?: "POST" | "GET";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Leaves a stream of answers at its first bytes. */
  readonly isWatch?: boolean;
}

/** HTTP/1.1 with whatever a test wants to send. */
export class RawHttp {
  readonly #origin: string;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(port: number) {
    this.#origin = `http://127.0.0.1:${port}`;
  }

  /** Never rejects. */
  call({ path, verb = "POST", headers, body, isWatch = false }: RawHttpCall): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const done = (outcome: Partial<Outcome>) => {
      clearTimeout(timer);
      const nothing = { http: undefined, type: "", code: undefined, message: "" };
      resolve({ ...nothing, body: Buffer.alloc(0), ...outcome });
    };
    const broken = ({ message }: Error) => done({ broken: message });
    const call = request(`${this.#origin}${path}`, { method: verb, agent: this.#agent, headers });
    const timer = setTimeout(() => {
      broken(new Error("no answer"));
      call.destroy();
    }, hangMs);
    call.on("error", broken);
    call.on("response", (response) => {
      response.on("error", broken);
      read(response, isWatch).then(done, broken);
    });
    call.end(body);
    return promise;
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** The same over HTTP/2 with TLS. */
export class RawSecureHttp {
  readonly #http2: RawHttp2;

  constructor(port: number, ca: Buffer) {
    this.#http2 = new RawHttp2(port, ca);
  }

  /** Never rejects. */
  async call(call: RawHttpCall): Promise<Outcome> {
    const { path, verb = "POST", headers, body, isWatch = false } = call;
    const exchange = await this.#http2.call({
      headers: { ":method": verb, ":path": path, ...headers },
      body,
      leavesAt: (bytes, status) => isWatch && status === 200 && isMessage(bytes),
    });
    const { ":status": http, "content-type": type = "" } = exchange.headers;
    const answer = { http, type, body: exchange.body };
    if (exchange.broken !== undefined) {
      return { ...answer, code: undefined, message: "", broken: exchange.broken };
    }
    if (exchange.hasLeft) return { ...answer, code: 0, message: "" };
    return outcomeOf(answer, { ...exchange.headers, ...exchange.trailers });
  }

  close(): void {
    this.#http2.close();
  }
}

/** Of a stream, the first byte says whether this is a message or the end. */
const isMessage = ([flags]: Buffer) => flags !== 0x80 && flags !== 2;

async function read(response: IncomingMessage, isWatch: boolean): Promise<Outcome> {
  const { statusCode: http, headers } = response;
  const type = headers["content-type"] ?? "";
  const chunks: Buffer[] = [];
  for await (const chunk of response) {
    chunks.push(chunk);
    if (isWatch && http === 200 && isMessage(chunk)) {
      return { http, type, code: 0, message: "", body: Buffer.concat(chunks) };
    }
  }
  const answer = { http, type, body: Buffer.concat(chunks) };
  return outcomeOf(answer, { ...headers, ...response.trailers });
}

/** By the protocol that the answer's type names. */
async function outcomeOf(
  { http, type, body }: Pick<Outcome, "http" | "type" | "body">,
  inHeaders: IncomingHttpHeaders,
): Promise<Outcome> {
  const is = (code: number | undefined, message: unknown = ""): Outcome => ({
    ...{ http, type, body },
    code: code as Code | 0 | undefined,
    message: String(message),
  });
  if (inHeaders["grpc-status"] !== undefined) {
    return is(Number(inHeaders["grpc-status"]), inHeaders["grpc-message"]);
  }
  if (type.startsWith("application/grpc-web")) {
    const content = type.includes("text") ? Buffer.from(body.toString(), "base64") : body;
    for await (const { flags, bytes } of envelopes([content])) {
      const trailer = (name: string) =>
        new RegExp(`${name}: ?(.*?)\r\n`, "i").exec(`${bytes}`)?.[1];
      if (flags >= 0x80) return is(Number(trailer("grpc-status")), trailer("grpc-message"));
    }
    return is(undefined);
  }
  if (type.startsWith("application/connect+")) {
    for await (const { flags, bytes } of envelopes([body])) {
      if (flags !== 2) continue;
      const { error } = JSON.parse(bytes.toString());
      return error === undefined ? is(0) : is(codeFromString(error.code), error.message);
    }
    return is(undefined);
  }
  if (http === 200) return is(0);
  if (!type.startsWith("application/json")) return is(undefined, body);
  const { code, message } = JSON.parse(body.toString());
  // REST has the number, Connect the name.
  return is(typeof code === "number" ? code : codeFromString(code), message);
}
