import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { hasOption } from "@bufbuild/protobuf";
import type fc from "fast-check";
import { http } from "../../gen/google/api/annotations_pb.js";
import { type KnownIds, messageBytes } from "./bytes.ts";
import { messageJson } from "./json.ts";
import { contractMethods, type FuzzedMethod, grpcMethods } from "./methods.ts";
import { bare, type Content, framed, type RawRequest } from "./requests.ts";
import { restRequests } from "./rest.ts";

/** The ways in: to a service without TLS and the Envoy in front of it, and to one with TLS. */
export type Through =
  | ("gRPC lane" | "web lane" | "Envoy by HTTP/2" | "Envoy")
  | "web lane by HTTP/2 with TLS";

/** One way to call, and how it is abused. */
export interface FuzzedProtocol {
  readonly name: string;
  readonly through: Through;
  readonly methods: readonly FuzzedMethod[];
  readonly requests: (method: FuzzedMethod, ids: KnownIds) => fc.Arbitrary<RawRequest>;
}

const webPacking = { gzip: gzipSync, br: brotliCompressSync };

/** All of them, to a service without TLS. */
export const protocols: readonly FuzzedProtocol[] = [
  ...(["gRPC lane", "Envoy by HTTP/2"] as const).map((through) => ({
    name: "gRPC",
    through,
    methods: grpcMethods,
    requests: framed("application/grpc", messageBytes, "grpc-encoding", {
      gzip: gzipSync,
      deflate: deflateSync,
    }),
  })),
  grpcWeb("web lane", "proto", messageBytes),
  grpcWeb("web lane", "json", messageJson),
  {
    name: "gRPC-Web",
    through: "Envoy",
    methods: contractMethods,
    requests: framed("application/grpc-web", messageBytes, "grpc-encoding", webPacking),
  },
  {
    name: "gRPC-Web as text",
    through: "Envoy",
    methods: contractMethods,
    requests: (method, ids) =>
      framed(
        "application/grpc-web-text",
        messageBytes,
        "grpc-encoding",
        webPacking,
      )(method, ids).map((request) => ({
        ...request,
        body: Buffer.from(Buffer.from(request.body).toString("base64")),
      })),
  },
  connect("web lane", "proto", messageBytes),
  connect("web lane", "json", messageJson),
  connect("Envoy", "json", messageJson),
  {
    name: "REST",
    through: "Envoy",
    methods: contractMethods.filter(({ desc }) => hasOption(desc, http)),
    requests: restRequests,
  },
];

const secureWeb = "web lane by HTTP/2 with TLS";

/** Those that only a service with TLS speaks. */
export const secureProtocols: readonly FuzzedProtocol[] = [
  grpcWeb(secureWeb, "proto", messageBytes),
  grpcWeb(secureWeb, "json", messageJson),
  connect(secureWeb, "proto", messageBytes),
  connect(secureWeb, "json", messageJson),
];

function grpcWeb(through: Through, codec: "proto" | "json", content: Content): FuzzedProtocol {
  return {
    name: codec === "json" ? "gRPC-Web with JSON" : "gRPC-Web",
    through,
    methods: contractMethods,
    requests: framed(`application/grpc-web+${codec}`, content, "grpc-encoding", webPacking),
  };
}

function connect(through: Through, codec: "proto" | "json", content: Content): FuzzedProtocol {
  const stream = framed(
    `application/connect+${codec}`,
    content,
    "connect-content-encoding",
    webPacking,
  );
  const unary = bare(`application/${codec}`, content);
  return {
    name: `Connect with ${codec}`,
    through,
    methods: contractMethods,
    requests: (method, ids) => (method.desc.methodKind === "unary" ? unary : stream)(method, ids),
  };
}
