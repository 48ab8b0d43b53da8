import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** Two ends of one connection through the link. */
interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** The peer is gone without a word: nothing passes any more, for good. */
  isSilent: boolean;
}

/** How a piece of a stream travels: what is done before, and in what sizes it arrives. */
interface Way {
  readonly delayMs: number;
  readonly maxBytes: number;
}

const freeWay: Way = { delayMs: 0, maxBytes: Number.POSITIVE_INFINITY };

/** A way to a server on 127.0.0.1 that fails as networks do. */
export class FaultyLink {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  /** Called with the first answer on a connection from now on, instead of passing it on. */
  #lose: ((pair: Pair) => void) | undefined;
  /** Tells who waits for the loss of an answer that there will be none. */
  #lost: (() => void) | undefined;
  #way = freeWay;
  /** What becomes of new connections. */
  #admits: "all" | "none" | "in silence" = "all";

  private constructor(port: number) {
    this.#server = createServer((client) => {
      if (this.#admits === "none") client.destroy();
      else this.#join(client, connect(port, "127.0.0.1"), this.#admits === "in silence");
    });
  }

  static async to(port: number): Promise<FaultyLink> {
    const link = new FaultyLink(port);
    link.#server.listen(0, "127.0.0.1");
    await once(link.#server, "listening");
    return link;
  }

  /** Where to connect instead of to the server itself. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The same server by way of this link. */
  urlOf(url: string): string {
    const through = new URL(url);
    through.port = String(this.port);
    return through.href;
  }

  /** Loses the next answer and breaks its connection; resolves when that happened, or at `heal`. */
  loseNextAnswer(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#lost = resolve;
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
    for (const pair of this.#pairs) pair.isSilent = true;
  }

  /** As `silence`, and until `heal` new connections are silent, too. */
  halfOpen(): void {
    this.silence();
    this.#admits = "in silence";
  }

  /** Breaks every connection; until `heal` there are no new ones. */
  cut(): void {
    this.#admits = "none";
    for (const { client } of this.#pairs) client.destroy();
  }

  /** Everything arrives `ms` later, each way, until `heal`. */
  delay(ms: number): void {
    this.#way = { ...freeWay, delayMs: ms };
  }

  /** Everything arrives one byte at a time until `heal`. */
  trickle(): void {
    this.#way = { ...freeWay, maxBytes: 1 };
  }

  /** Connections that fell silent stay so. */
  heal(): void {
    this.#lose = undefined;
    this.#lost?.();
    this.#way = freeWay;
    this.#admits = "all";
  }

  /** How many connections fell silent and are still held. */
  get silentConnections(): number {
    return [...this.#pairs].filter(({ isSilent }) => isSilent).length;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const { client } of this.#pairs) client.destroy();
    await closed;
  }

  #join(client: Socket, server: Socket, isSilent: boolean): void {
    const pair: Pair = { client, server, isSilent };
    this.#pairs.add(pair);
    // Small pieces must leave as such.
    for (const socket of [client, server]) socket.setNoDelay();
    this.#pass(pair, client, server);
    this.#pass(pair, server, client);
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

  /** Passes on what comes from one end, in order, whatever the way is like meanwhile. */
  #pass(pair: Pair, from: Socket, to: Socket): void {
    let before: Promise<void> | undefined;
    from.on("data", (bytes: Buffer) => {
      if (pair.isSilent) return;
      if (this.#lose && from === pair.server) return this.#lose(pair);
      const way = this.#way;
      if (before === undefined && way === freeWay) return void to.write(bytes);
      const arrival = way.delayMs > 0 ? pause(way.delayMs) : undefined;
      const passing: Promise<void> = Promise.all([before, arrival])
        .then(() => write(bytes, way.maxBytes, to))
        .finally(() => {
          if (before === passing) before = undefined;
        });
      before = passing;
    });
  }
}

/** Resolves when everything was written, in pieces that each leave by themselves. */
async function write(bytes: Buffer, maxBytes: number, to: Socket): Promise<void> {
  if (bytes.length <= maxBytes) return void to.write(bytes);
  for (let at = 0; at < bytes.length && !to.destroyed; at += maxBytes) {
    await new Promise((resolve) => to.write(bytes.subarray(at, at + maxBytes), resolve));
  }
}
