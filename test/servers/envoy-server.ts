import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { envoyBinary } from "../../deploy/envoy-binary.ts";
import { type EnvoySettings, envoyConfig } from "../../deploy/envoy-config.ts";
import { ManagedServer } from "./managed-server.ts";
import { ServerProcess } from "./server-process.ts";

const project = fileURLToPath(new URL("../../", import.meta.url));

/** The ports of an instance of the service. */
export interface Instance {
  readonly grpcPort: number;
  readonly httpPort: number;
}

// biome-ignore lint/suspicious/noExplicitAny: Envoy's own schema, which has no types here
export type EnvoyConfig = any;

export interface EnvoyOptions {
  readonly instances: readonly Instance[];
  readonly settings?: EnvoySettings;
  /** The text of envoy.yaml to begin with, instead of the project's. */
  readonly yaml?: string;
  /** Changes what a test can't wait for. */
  readonly change?: (config: EnvoyConfig) => void;
}

/** A real Envoy with the project's envoy.yaml, on ports of its own. */
export class EnvoyServer extends ManagedServer {
  readonly #binary: string;
  readonly #options: EnvoyOptions;
  /** Undefined before the first start; the same after each. */
  #port: number | undefined;
  #adminAddress = "";
  #pid = 0;

  constructor(serverProcess: ServerProcess, binary: string, options: EnvoyOptions) {
    super(serverProcess);
    this.#binary = binary;
    this.#options = options;
  }

  get port(): number {
    if (this.#port === undefined) throw new Error("Envoy has not been started");
    return this.#port;
  }

  get pid(): number {
    return this.#pid;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves when it is ready to serve: on the same port as before. */
  async start(): Promise<void> {
    const adminFile = join(this.process.folder, "admin");
    await this.process.launch({
      program: async () => {
        const config = await this.#writeConfig();
        await writeFile(adminFile, "");
        const args = ["-c", config, "--admin-address-path", adminFile];
        const quiet = ["--log-level", "warning", "--disable-hot-restart"];
        const soon = ["--file-flush-interval-msec", "100"];
        return { command: this.#binary, args: [...args, ...quiet, ...soon] };
      },
      isReady: async (pid) => {
        this.#pid = pid;
        this.#adminAddress = await readFile(adminFile, "utf8");
        if (this.#adminAddress === "") return false;
        return this.admin("/ready").then(
          () => true,
          () => false,
        );
      },
    });
    const { listener_statuses } = JSON.parse(await this.admin("/listeners?format=json"));
    this.#port = listener_statuses[0].local_address.socket_address.port_value;
  }

  /** What the admin page of that path says; rejects unless it says so with 200. */
  async admin(path: string): Promise<string> {
    const response = await fetch(`http://${this.#adminAddress}${path}`);
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return response.text();
  }

  /** Resolves when it finds so many upstreams well, of which an instance has two; rejects after a minute. */
  async untilHealthy(upstreams: number): Promise<void> {
    const deadline = performance.now() + 60_000;
    while ((await this.#healthyUpstreams()) !== upstreams) {
      if (performance.now() > deadline) throw new Error(`no ${upstreams} upstreams are well`);
      await delay(20);
    }
  }

  async #healthyUpstreams(): Promise<number> {
    const { cluster_statuses } = JSON.parse(await this.admin("/clusters?format=json"));
    const hosts: readonly UpstreamHost[] = cluster_statuses.flatMap(
      (cluster: { host_statuses: readonly UpstreamHost[] }) => cluster.host_statuses,
    );
    return hosts.filter(
      ({ health_status: { eds_health_status, ...faults } }) =>
        eds_health_status === "HEALTHY" && Object.keys(faults).length === 0,
    ).length;
  }

  async #writeConfig(): Promise<string> {
    const { instances, settings, yaml, change } = this.#options;
    const text = yaml ?? (await readFile(join(project, "envoy.yaml"), "utf8"));
    const at = (port: number) => ({ address: "127.0.0.1", port });
    const config = envoyConfig(text, {
      ENVOY_HOST: "127.0.0.1",
      ENVOY_PORT: this.#port ?? 0,
      ENVOY_ADMIN_PORT: 0,
      ENVOY_GRPC_UPSTREAMS: instances.map(({ grpcPort }) => at(grpcPort)),
      ENVOY_WEB_UPSTREAMS: instances.map(({ httpPort }) => at(httpPort)),
      ...settings,
    }).toJS();
    const manager = connectionManagerOf(config);
    const transcoder = manager.http_filters.find(
      ({ name }: { name: string }) => name === "envoy.filters.http.grpc_json_transcoder",
    );
    transcoder.typed_config.proto_descriptor = join(project, "gen/descriptor.binpb");
    change?.(config);
    const file = join(this.process.folder, "envoy.json");
    await writeFile(file, JSON.stringify(config));
    return file;
  }
}

interface UpstreamHost {
  readonly health_status: { readonly eds_health_status: string };
}

/** Where envoy.yaml says how HTTP is handled. */
export function connectionManagerOf(config: EnvoyConfig): EnvoyConfig {
  return config.static_resources.listeners[0].filter_chains[0].filters[0].typed_config;
}

/** Fetches Envoy if need be and starts it in front of `instances`. Costs some 150 ms. */
export async function startEnvoy(options: EnvoyOptions): Promise<EnvoyServer> {
  const binary = await envoyBinary(process.env.PATH ?? "", () => {});
  const serverProcess = await ServerProcess.create("envoy");
  try {
    const server = new EnvoyServer(serverProcess, binary, options);
    await server.start();
    return server;
  } catch (error) {
    await serverProcess.close();
    throw error;
  }
}
