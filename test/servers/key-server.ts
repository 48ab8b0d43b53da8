import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  SignJWT,
} from "jose";

/** A key pair whose private half signs tokens. */
export interface Signer {
  readonly jwk: JWK;
  readonly publicPem: string;
  readonly privateKey: CryptoKey;
  /** Of the player ada, for an hour from now, unless the claims or the header say otherwise. */
  token(claims?: JWTPayload, header?: Readonly<Record<string, unknown>>): Promise<string>;
}

export async function newSigner(kid: string, alg = "ES256"): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return {
    jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" },
    publicPem: await exportSPKI(publicKey),
    privateKey,
    token: (claims = {}, header = {}) => {
      const exp = Math.floor(Date.now() / 1_000) + 3_600;
      return new SignJWT({ sub: "ada", role: "player", game: "chess", exp, ...claims })
        .setProtectedHeader({ alg, kid, ...header })
        .sign(privateKey);
    },
  };
}

/** A JWKS endpoint whose answers the test chooses; at first it says 503. */
export class KeyServer {
  readonly #server = createServer((_request, response) => {
    this.requests += 1;
    this.#answer(response);
  });
  #answer = (response: ServerResponse): void => void response.writeHead(503).end();
  /** How often it was asked. */
  requests = 0;

  static async start(): Promise<KeyServer> {
    const server = new KeyServer();
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get url(): URL {
    const { port } = this.#server.address() as AddressInfo;
    return new URL(`http://127.0.0.1:${port}/keys`);
  }

  serve(status: number, body: string): void {
    this.#answer = (response) =>
      void response.writeHead(status, { "content-type": "application/json" }).end(body);
  }

  serveKeys(...signers: Signer[]): void {
    this.serve(200, JSON.stringify({ keys: signers.map(({ jwk }) => jwk) }));
  }

  /** Takes requests and leaves them without an answer. */
  serveNothing(): void {
    this.#answer = () => {};
  }

  hangUp(): void {
    this.#answer = (response) => void response.destroy();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((closed) => this.#server.close(closed));
  }
}
