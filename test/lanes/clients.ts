import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { ConnectClient } from "./connect-client.ts";
import { GrpcClient } from "./grpc-client.ts";
import { JsonClient } from "./json-client.ts";
import type { LaneClient } from "./lane-client.ts";

/** Where a service listens. */
export interface Ports {
  readonly grpcPort: number;
  readonly httpPort: number;
}

/** One of the ways that clients come by. */
export interface ClientKind {
  readonly name: "gRPC" | "Connect" | "gRPC-Web" | "JSON";
  readonly lane: "grpc" | "web";
  readonly open: (ports: Ports) => LaneClient;
}

const webUrl = ({ httpPort }: Ports) => `http://127.0.0.1:${httpPort}`;

const connectOptions = (ports: Ports) =>
  ({ baseUrl: webUrl(ports), httpVersion: "1.1", useBinaryFormat: true }) as const;

/** All of them. */
export const clientKinds: readonly ClientKind[] = [
  { name: "gRPC", lane: "grpc", open: ({ grpcPort }) => new GrpcClient(grpcPort) },
  {
    name: "Connect",
    lane: "web",
    open: (ports) => new ConnectClient(createConnectTransport(connectOptions(ports))),
  },
  {
    name: "gRPC-Web",
    lane: "web",
    open: (ports) => new ConnectClient(createGrpcWebTransport(connectOptions(ports))),
  },
  { name: "JSON", lane: "web", open: (ports) => new JsonClient(webUrl(ports)) },
];
