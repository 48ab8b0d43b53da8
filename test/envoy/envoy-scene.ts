import type { RunningService } from "../../src/app/service.ts";
import { type Backend, startEmbedded } from "../lanes/backends.ts";
import type { Caller } from "../lanes/games.ts";
import { GrpcClient } from "../lanes/grpc-client.ts";
import { startTestService, tokenFor } from "../lanes/test-service.ts";
import { type EnvoyOptions, type EnvoyServer, startEnvoy } from "../servers/envoy-server.ts";

/** A service of this process, an Envoy in front of it, and a game server that calls through it. */
export interface EnvoyScene {
  readonly service: RunningService;
  readonly envoy: EnvoyServer;
  readonly caller: Caller & { readonly client: GrpcClient };
  close(): Promise<void>;
}

/** Opens one on an embedded ledger; `env` are settings of the service. */
export async function openEnvoyScene(
  env: Readonly<Record<string, string>> = {},
  options: Omit<EnvoyOptions, "instances"> = {},
): Promise<EnvoyScene> {
  const closers: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (const end of closers.splice(0).reverse()) await end();
  };
  try {
    const backend: Backend = await startEmbedded();
    closers.push(() => backend.close());
    const service = await startTestService(backend, env);
    closers.push(() => service.close());
    const envoy = await startEnvoy({ ...options, instances: [service] });
    closers.push(() => envoy.close());
    const client = new GrpcClient(envoy.port);
    closers.push(() => client.close());
    const server = { token: await tokenFor("server", "game-server") };
    const admin = { token: await tokenFor("admin", "operator") };
    return { service, envoy, caller: { client, server, admin }, close };
  } catch (error) {
    await close();
    throw error;
  }
}
