import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { ConnectClient } from "./connect-client.ts";
import { GrpcClient } from "./grpc-client.ts";
import { JsonClient } from "./json-client.ts";
import type { LaneClient } from "./lane-client.ts";
import { RestClient } from "./rest-client.ts";

/** Where a service listens. */
export interface Ports {
  readonly grpcPort: number;
  readonly httpPort: number;
}

/** One of the ways that clients come by. */
export interface ClientKind {
  readonly name: string;
  /** Whether it sends text, which can't hold every string that a message can. */
  readonly isText?: boolean;
  /** Whether ids are part of paths, which must not be empty, and a stream ends without saying why. */
  readonly isRest?: boolean;
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
  {
    name: "JSON",
    lane: "web",
    isText: true,
    open: (ports) => new JsonClient(webUrl(ports)),
  },
];

/** The ways through Envoy, whose one port stands for both; with the lane where it takes them. */
export const envoyClientKinds: readonly ClientKind[] = [
  ...clientKinds.map((kind) => ({
    ...kind,
    name: `${kind.name} by Envoy`,
    lane: kind.name === "gRPC-Web" ? ("grpc" as const) : kind.lane,
  })),
  {
    name: "REST by Envoy",
    lane: "grpc",
    isText: true,
    isRest: true,
    open: (ports) => new RestClient(webUrl(ports)),
  },
];
