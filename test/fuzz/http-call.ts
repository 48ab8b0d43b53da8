import { Agent, type IncomingMessage, request } from "node:http";
import type { Code } from "@connectrpc/connect";
import { codeFromString } from "@connectrpc/connect/protocol-connect";
import { envelopes } from "../lanes/envelopes.ts";
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

async function read(response: IncomingMessage, isWatch: boolean): Promise<Outcome> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) {
    chunks.push(chunk);
    // Of a stream, the first byte says whether this is a message or the end.
    if (isWatch && response.statusCode === 200 && chunk[0] !== 0x80 && chunk[0] !== 2) {
      const { statusCode: http, headers } = response;
      const type = headers["content-type"] ?? "";
      return { http, type, code: 0, message: "", body: Buffer.concat(chunks) };
    }
  }
  return outcomeOf(response, Buffer.concat(chunks));
}

/** By the protocol that the answer's type names. */
async function outcomeOf(
  { statusCode: http, headers, trailers }: IncomingMessage,
  body: Buffer,
): Promise<Outcome> {
  const type = headers["content-type"] ?? "";
  const is = (code: number | undefined, message: unknown = ""): Outcome => ({
    ...{ http, type, body },
    code: code as Code | 0 | undefined,
    message: String(message),
  });
  const inHeaders = { ...headers, ...trailers };
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
