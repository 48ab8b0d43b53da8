import { Agent, type IncomingMessage, request } from "node:http";
import type { Code } from "@connectrpc/connect";
import { codeFromString } from "@connectrpc/connect/protocol-connect";
import { envelopes } from "../lanes/envelopes.ts";
import { hangMs, type Outcome } from "./fuzz-outcome.ts";

/** A request of HTTP/1.1, whether it follows a protocol or not. */
export interface RawHttpRequest {
  readonly path: string;
  readonly method?: string;
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
  call({
    path,
    method = "POST",
    headers,
    body,
    isWatch = false,
  }: RawHttpRequest): Promise<Outcome> {
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      const done = (outcome: Outcome) => {
        clearTimeout(timer);
        resolve(outcome);
      };
      const broken = (problem: string) =>
        done({
          http: undefined,
          code: undefined,
          message: "",
          body: Buffer.concat(chunks),
          broken: problem,
        });
      const timer = setTimeout(() => {
        broken("no answer");
        call.destroy();
      }, hangMs);
      const call = request(`${this.#origin}${path}`, { method, agent: this.#agent, headers });
      call.on("error", (error) => broken(error.message));
      call.on("response", async (response: IncomingMessage) => {
        response.on("error", (error) => broken(error.message));
        for await (const chunk of response) {
          chunks.push(chunk);
          if (isWatch && !isEnd(chunk)) {
            done({ http: response.statusCode, code: 0, message: "", body: Buffer.concat(chunks) });
            call.destroy();
            return;
          }
        }
        done(await outcomeOf(response, Buffer.concat(chunks)));
      });
      call.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** By the protocol that the answer's type names. */
async function outcomeOf(response: IncomingMessage, body: Buffer): Promise<Outcome> {
  const { statusCode: http, headers } = response;
  const type = headers["content-type"] ?? "";
  const is = (code: Code | 0 | undefined, message: unknown): Outcome => ({
    http,
    code,
    message: String(message ?? ""),
    body,
  });
  if (type.startsWith("application/grpc-web")) {
    if (headers["grpc-status"] !== undefined) {
      return is(Number(headers["grpc-status"]), headers["grpc-message"]);
    }
    const content = type.includes("text") ? Buffer.from(body.toString(), "base64") : body;
    for await (const { flags, bytes } of envelopes([content])) {
      if ((flags & 0x80) === 0) continue;
      const trailer = (name: string) =>
        new RegExp(`${name}: ?(.*?)\\r\\n`, "i").exec(bytes.toString())?.[1];
      return is(Number(trailer("grpc-status")), trailer("grpc-message"));
    }
    return is(undefined, "no trailer");
  }
  if (type.startsWith("application/connect+")) {
    for await (const { flags, bytes } of envelopes([body])) {
      if ((flags & 2) === 0) continue;
      const { error } = JSON.parse(bytes.toString());
      return error === undefined ? is(0, "") : is(codeFromString(error.code), error.message);
    }
    return is(undefined, "no end of the stream");
  }
  if (http === 200) return is(0, "");
  if (!type.startsWith("application/json")) return is(undefined, body.toString());
  const { code, message } = JSON.parse(body.toString());
  // REST has the number, Connect the name.
  return is(typeof code === "number" ? code : codeFromString(code), message);
}

function isEnd(chunk: Buffer): boolean {
  return chunk[0] === 0x80 || chunk[0] === 0x02;
}
