import type { Browser } from "playwright-core";
import type { Caller } from "../lanes/games.ts";
import { GrpcClient } from "../lanes/grpc-client.ts";
import { startChromium } from "../servers/chromium.ts";
import { type EnvoyServer, startEnvoy } from "../servers/envoy-server.ts";
import { freePort } from "../servers/free-port.ts";
import { ServiceProcess } from "../servers/service-process.ts";
import { type PageOptions, PageUnderTest } from "./page-under-test.ts";

/** A game server that calls the service. */
export type GameServer = Caller & { readonly client: GrpcClient };

/** All that a spectator needs: the service in a process of its own, Envoy before it, a browser. */
export class Stage {
  readonly service: ServiceProcess;
  /** The same after each start of the service. */
  readonly ports: { readonly grpcPort: number; readonly httpPort: number };
  readonly envoy: EnvoyServer;
  readonly #browser: Browser;
  readonly #tokens: { readonly server: string; readonly admin: string };
  readonly #clients: GrpcClient[] = [];

  private constructor(parts: {
    readonly service: ServiceProcess;
    readonly ports: { readonly grpcPort: number; readonly httpPort: number };
    readonly envoy: EnvoyServer;
    readonly browser: Browser;
    readonly tokens: { readonly server: string; readonly admin: string };
  }) {
    this.service = parts.service;
    this.ports = parts.ports;
    this.envoy = parts.envoy;
    this.#browser = parts.browser;
    this.#tokens = parts.tokens;
  }

  /** With the embedded ledger. Costs some 3 s. */
  static async start(): Promise<Stage> {
    const ports = { grpcPort: await freePort(), httpPort: await freePort() };
    const closers: (() => Promise<void>)[] = [];
    try {
      const service = await ServiceProcess.create({
        SCORE_GRPC_PORT: String(ports.grpcPort),
        SCORE_HTTP_PORT: String(ports.httpPort),
        // All pages come from one address here.
        SCORE_ANONYMOUS_CALLS_PER_SECOND: "0",
      });
      closers.push(() => service.close());
      await service.start();
      const envoy = await startEnvoy({ instances: [ports] });
      closers.push(() => envoy.close());
      const browser = await startChromium();
      const tokens = { server: await service.token("server"), admin: await service.token("admin") };
      return new Stage({ service, ports, envoy, browser, tokens });
    } catch (error) {
      for (const close of closers.reverse()) await close();
      throw error;
    }
  }

  /** The web lane without Envoy. */
  get webUrl(): string {
    return `http://127.0.0.1:${this.ports.httpPort}`;
  }

  get serverToken(): string {
    return this.#tokens.server;
  }

  /** A new game server: on the gRPC lane's port, or through Envoy. Ends with the stage. */
  gameServer(way: "direct" | "envoy" = "direct"): GameServer {
    const client = new GrpcClient(way === "envoy" ? this.envoy.port : this.ports.grpcPort);
    this.#clients.push(client);
    const { server, admin } = this.#tokens;
    return { client, server: { token: server }, admin: { token: admin } };
  }

  /** The page in a profile of its own, through Envoy unless `options` say otherwise. Ends with the stage. */
  open(query: string, options: PageOptions = {}): Promise<PageUnderTest> {
    return PageUnderTest.open(
      this.#browser,
      `${options.origin ?? this.envoy.url}/?${query}`,
      options,
    );
  }

  /** Closes what a test that failed left open. */
  async closePages(): Promise<void> {
    for (const context of this.#browser.contexts()) await context.close();
  }

  /** What a gauge of the service says. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.webUrl}/metrics`)).text();
    const value = new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1];
    if (value === undefined) throw new Error(`no metric ${name}`);
    return Number(value);
  }

  /** Records what the browser does until `stop`, which resolves with the trace's events. */
  async trace(): Promise<{ readonly stop: () => Promise<TraceEvent[]> }> {
    await this.#browser.startTracing(undefined, {
      categories: ["disabled-by-default-devtools.timeline"],
    });
    const stop = async () => JSON.parse((await this.#browser.stopTracing()).toString()).traceEvents;
    return { stop };
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.#browser.close();
    await this.envoy.close();
    await this.service.close();
  }
}

/** What of Chromium's trace events is of use here; times in microseconds. */
export interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly args: { readonly name?: string };
  readonly dur?: number;
  /** The processor's time, without that in which others had the processor. */
  readonly tdur?: number;
}
