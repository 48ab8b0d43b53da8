import { randomUUID } from "node:crypto";
import { after, before, describe } from "node:test";
import type { RunningService } from "../../src/app/service.ts";
import { type EnvoyServer, startEnvoy } from "../servers/envoy-server.ts";
import { type Backend, type BackendKind, backendKinds } from "./backends.ts";
import { type ClientKind, clientKinds, envoyClientKinds } from "./clients.ts";
import type { CallOptions, LaneClient } from "./lane-client.ts";
import { startTestService, tokenFor } from "./test-service.ts";

/** What a case of a suite runs on; to be used in tests, not while they are defined. */
export interface Lane {
  readonly kind: ClientKind;
  readonly client: LaneClient;
  readonly service: RunningService;
  /** Options of a call with a token for all games. */
  readonly server: CallOptions;
  readonly admin: CallOptions;
  /** Whether the ranking is in Redis; known while tests are defined, as `kind` is. */
  readonly hasRedis: boolean;
  readonly redisUrl: string | undefined;
}

/** Where a suite runs; without it on everything. */
interface LaneChoice {
  /** Settings of the service. */
  readonly env?: Readonly<Record<string, string>>;
  readonly backends?: readonly BackendKind[];
  /** By their names. */
  readonly clients?: readonly string[];
}

/**
 * Defines the same tests on every backend through every client, directly and
 * through a real Envoy: one service and one Envoy a backend.
 */
export function describeLanes(
  subject: string,
  define: (lane: Lane) => void,
  { env = {}, backends = backendKinds, clients }: LaneChoice = {},
): void {
  const kinds = [...clientKinds, ...envoyClientKinds].filter(
    ({ name }) => clients?.includes(name) ?? true,
  );
  for (const backendKind of backends) {
    describe(`${subject}, ${backendKind.name}`, () => {
      let backend: Backend;
      let service: RunningService;
      let envoy: EnvoyServer;
      let server: CallOptions;
      let admin: CallOptions;
      before(async () => {
        backend = await backendKind.start();
        service = await startTestService(backend, env);
        envoy = await startEnvoy({ instances: [service] });
        server = { token: await tokenFor("server", "game-server") };
        admin = { token: await tokenFor("admin", "operator") };
      });
      after(async () => {
        await envoy?.close();
        await service?.close();
        await backend?.close();
      });
      for (const kind of kinds) {
        describe(`through ${kind.name}`, () => {
          let client: LaneClient;
          before(() => {
            const { port } = envoy;
            const isDirect = clientKinds.includes(kind);
            client = kind.open(isDirect ? service : { grpcPort: port, httpPort: port });
          });
          after(() => client?.close());
          define({
            kind,
            hasRedis: backendKind.hasRedis,
            get client() {
              return client;
            },
            get service() {
              return service;
            },
            get server() {
              return server;
            },
            get admin() {
              return admin;
            },
            get redisUrl() {
              return backend.env.REDIS_URL;
            },
          });
        });
      }
    });
  }
}

/** An id that nobody used before. */
export function newId(kind: string): string {
  return `${kind}-${randomUUID().slice(0, 13)}`;
}
