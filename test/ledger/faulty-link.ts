import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Two ends of one connection through the link. */
interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/** A way to a server on 127.0.0.1 that loses answers as a network does. */
export class FaultyLink {
  readonly #server;
  readonly #pairs = new Set<Pair>();
  /** Called with the first answer on a connection from now on, instead of passing it on. */
  #lose: ((pair: Pair) => void) | undefined;

  private constructor(port: number) {
    this.#server = createServer((client) => this.#join(client, connect(port, "127.0.0.1")));
  }

  static async to(port: number): Promise<FaultyLink> {
    const link = new FaultyLink(port);
    link.#server.listen(0, "127.0.0.1");
    await once(link.#server, "listening");
    return link;
  }

  /** The same database by way of this link. */
  urlOf(url: string): string {
    const through = new URL(url);
    through.port = String((this.#server.address() as AddressInfo).port);
    return through.href;
  }

  /** Loses the next answer and breaks its connection; resolves when that happened. */
  loseNextAnswer(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#lose = ({ client }) => {
      this.#lose = undefined;
      client.destroy();
      resolve();
    };
    return promise;
  }

  /** Loses every answer, breaking its connection, until `heal`. */
  loseAnswers(): void {
    this.#lose = ({ client }) => client.destroy();
  }

  /** The connections there are now stay open and silent for ever; new ones work. */
  silence(): void {
    for (const { client, server } of this.#pairs) {
      client.removeAllListeners("data").resume();
      server.removeAllListeners("data").resume();
    }
  }

  heal(): void {
    this.#lose = undefined;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const { client } of this.#pairs) client.destroy();
    await closed;
  }

  #join(client: Socket, server: Socket): void {
    const pair = { client, server };
    this.#pairs.add(pair);
    client.on("data", (bytes) => server.write(bytes));
    server.on("data", (bytes) => {
      if (this.#lose) this.#lose(pair);
      else client.write(bytes);
    });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on("error", () => {});
      one.on("close", () => {
        other.destroy();
        this.#pairs.delete(pair);
      });
    }
  }
}
