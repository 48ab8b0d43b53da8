import { readFileSync } from "node:fs";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { ReflectionService } from "@grpc/reflection";

/**
 * Server reflection (v1 and v1alpha) of the contract. The files go in as they
 * were compiled: proto-loader would merge those of a package and lose their
 * imports, which clients such as `buf curl` need.
 */
export function reflection(): ReflectionService {
  const bytes = readFileSync(new URL("../../gen/descriptor.binpb", import.meta.url));
  const { file } = fromBinary(FileDescriptorSetSchema, bytes);
  const fileDescriptorProtos = file.map((descriptor) =>
    Buffer.from(toBinary(FileDescriptorProtoSchema, descriptor)),
  );
  const definition = { contract: { format: "", type: {}, fileDescriptorProtos } };
  return new ReflectionService(definition as ConstructorParameters<typeof ReflectionService>[0]);
}
