import {
  create,
  createFileRegistry,
  type DescMessage,
  type DescMethod,
  type DescService,
  type FileRegistry,
  fromJson,
  type JsonValue,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { AdminService } from "../../gen/score/v1/admin_pb.js";
import { ScoreService } from "../../gen/score/v1/score_pb.js";

/** A method of any service that the gRPC lane has, and what it may answer besides OK. */
export interface FuzzedMethod {
  readonly desc: DescMethod;
  /** `/score.v1.ScoreService/UpdateScore` */
  readonly path: string;
  readonly input: DescMessage;
  /** Whether it sends answers until its caller leaves. */
  readonly isWatch: boolean;
  /** Of the README's table and the comments of the contract; those of the transport come on top. */
  readonly codes: readonly string[];
}

const reads = ["INVALID_ARGUMENT", "NOT_FOUND"];
const guarded = ["INVALID_ARGUMENT", "UNAUTHENTICATED", "PERMISSION_DENIED"];

/** What each event may be refused with. */
export const eventCodes = [...guarded, "NOT_FOUND", "ALREADY_EXISTS", "OUT_OF_RANGE"];

const documented: Readonly<Record<string, readonly string[]>> = {
  UpdateScore: eventCodes,
  UpdateScores: [...guarded, "NOT_FOUND"],
  StreamScores: guarded,
  GetLeaderboard: reads,
  GetStanding: reads,
  ListBoards: reads,
  WatchLeaderboard: reads,
  PutGame: guarded,
  GetGame: [...guarded, "NOT_FOUND"],
  ListGames: guarded,
  DeleteGame: [...guarded, "NOT_FOUND"],
  VerifyRanking: [...guarded, "NOT_FOUND", "UNAVAILABLE"],
  RebuildRanking: [...guarded, "NOT_FOUND", "UNAVAILABLE"],
  Check: reads,
  List: ["INVALID_ARGUMENT"],
  Watch: ["INVALID_ARGUMENT"],
  ServerReflectionInfo: ["INVALID_ARGUMENT"],
};

/** Those of the contract, from its descriptors. */
export const contractMethods: readonly FuzzedMethod[] = [ScoreService, AdminService].flatMap(of);

const text = (number: number, name: string) => ({ number, name, type: "TYPE_STRING" });

/** Health and reflection, whose descriptors their libraries keep to themselves. */
const libraries = registry([
  {
    name: "health.proto",
    package: "grpc.health.v1",
    messageType: [{ name: "Request", field: [text(1, "service")] }, { name: "Nothing" }],
    service: [
      service("grpc.health.v1", "Health", [
        ["Check", "Request"],
        ["List", "Nothing"],
        ["Watch", "Request", { serverStreaming: true }],
      ]),
    ],
  },
  ...["v1", "v1alpha"].map((version) => ({
    name: `reflection-${version}.proto`,
    package: `grpc.reflection.${version}`,
    messageType: [
      { name: "Extension", field: [text(1, "type"), { ...text(2, "no"), type: "TYPE_INT32" }] },
      {
        name: "Request",
        field: [
          ...[text(1, "host"), text(3, "file"), text(4, "symbol"), text(6, "numbers_of")],
          {
            ...text(5, "extension"),
            type: "TYPE_MESSAGE",
            typeName: `.grpc.reflection.${version}.Extension`,
          },
          text(7, "list"),
        ],
      },
    ],
    service: [
      service(`grpc.reflection.${version}`, "ServerReflection", [
        ["ServerReflectionInfo", "Request", { clientStreaming: true, serverStreaming: true }],
      ]),
    ],
  })),
]);

/** All that the gRPC lane has. */
export const grpcMethods: readonly FuzzedMethod[] = [
  ...contractMethods,
  ...[...libraries].flatMap((desc) => (desc.kind === "service" ? of(desc) : [])),
];

function of({ typeName, methods }: DescService): FuzzedMethod[] {
  return methods.map((desc) => ({
    desc,
    path: `/${typeName}/${desc.name}`,
    input: desc.input,
    isWatch: desc.methodKind === "server_streaming",
    codes: documented[desc.name] ?? undocumented(desc),
  }));
}

function undocumented({ name }: DescMethod): never {
  throw new Error(`what ${name} may answer is missing here`);
}

function service(
  typePackage: string,
  name: string,
  methods: readonly (readonly [string, string, object?])[],
) {
  const method = methods.map(([name, input, kind]) => {
    const inputType = `.${typePackage}.${input}`;
    return { ...kind, name, inputType, outputType: inputType };
  });
  return { name, method };
}

function registry(files: readonly object[]): FileRegistry {
  const file = files.map((json) =>
    fromJson(FileDescriptorProtoSchema, { ...json, syntax: "proto3" } as JsonValue),
  );
  return createFileRegistry(create(FileDescriptorSetSchema, { file }));
}
