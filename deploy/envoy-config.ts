import { type Document, parseDocument } from "yaml";
import { z } from "zod";
import { list, readEnvironment } from "../src/app/environment.ts";

const port = z
  .string()
  .regex(/^\d+$/, "must be a port")
  .transform(Number)
  .pipe(z.number().max(65_535));
const upstream = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[^\s:]+):\d+$/, "must be host:port")
  .transform((text) => {
    const at = text.lastIndexOf(":");
    return { address: text.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(text.slice(at + 1)) };
  });
const upstreams = list.pipe(z.array(upstream).min(1));

/** What of envoy.yaml an operator sets by Envoy's environment; the README's table repeats it. */
const environment = z.object({
  ENVOY_HOST: z.string().optional(),
  ENVOY_PORT: port.optional(),
  ENVOY_ADMIN_PORT: port.optional(),
  ENVOY_GRPC_UPSTREAMS: upstreams.optional(),
  ENVOY_WEB_UPSTREAMS: upstreams.optional(),
  ENVOY_CORS_ORIGINS: list.optional(),
});

/** Every variable that is read. */
export const envoySettingNames = Object.keys(environment.shape);

export type EnvoySettings = z.infer<typeof environment>;

/** Throws WrongSettings. */
export function readEnvoySettings(env: NodeJS.ProcessEnv): EnvoySettings {
  return readEnvironment(environment, "ENVOY_", env);
}

const listener = ["static_resources", "listeners", 0];
const manager = [...listener, "filter_chains", 0, "filters", 0, "typed_config"];
const origins = [
  ...[...manager, "route_config", "virtual_hosts", 0, "typed_per_filter_config"],
  ...["envoy.filters.http.cors", "allow_origin_string_match"],
];
const addressOf = (place: readonly (string | number)[]) => [...place, "address", "socket_address"];

/** envoy.yaml with `settings` in it, comments and all; what is not set stays as it stands there. */
export function envoyConfig(yaml: string, settings: EnvoySettings): Document {
  const config = parseDocument(yaml);
  const set = (place: readonly (string | number)[], value: unknown) => {
    if (value !== undefined) config.setIn(place, config.createNode(value));
  };
  set([...addressOf(listener), "address"], settings.ENVOY_HOST);
  set([...addressOf(listener), "port_value"], settings.ENVOY_PORT);
  set([...addressOf(["admin"]), "port_value"], settings.ENVOY_ADMIN_PORT);
  set(
    origins,
    settings.ENVOY_CORS_ORIGINS?.map((exact) => ({ exact })),
  );
  for (const [index, hosts] of [
    settings.ENVOY_GRPC_UPSTREAMS,
    settings.ENVOY_WEB_UPSTREAMS,
  ].entries()) {
    const endpoints = hosts?.map(({ address, port: port_value }) => ({
      endpoint: { address: { socket_address: { address, port_value } } },
    }));
    const cluster = ["static_resources", "clusters", index, "load_assignment", "endpoints", 0];
    set([...cluster, "lb_endpoints"], endpoints);
  }
  return config;
}
