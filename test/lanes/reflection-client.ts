import { create, createFileRegistry, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { Client, credentials } from "@grpc/grpc-js";

/** Fields of grpc.reflection.v1.ServerReflectionRequest. */
const fileByFilename = 3;
const fileContainingSymbol = 4;
const listServices = 7;

/** What the server answers; absent is what it was not asked for. */
interface Answer {
  files?: FileDescriptorProto[];
  services?: string[];
  errorCode?: number;
}

/** A client of server reflection, which reads and writes its few messages itself. */
export class ReflectionClient {
  readonly #client: Client;
  readonly #path: string;

  constructor(grpcPort: number, version: "v1" | "v1alpha") {
    this.#client = new Client(`127.0.0.1:${grpcPort}`, credentials.createInsecure());
    this.#path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  }

  async services(): Promise<readonly string[]> {
    return (await this.#ask(listServices, "")).services ?? [];
  }

  /** The types that the symbol's file and those it imports define; a number is an error's code. */
  async types(symbol: string): Promise<FileRegistry | number> {
    const { files, errorCode } = await this.#ask(fileContainingSymbol, symbol);
    if (files === undefined) return errorCode ?? Number.NaN;
    const all = await this.#withImports(files);
    return createFileRegistry(create(FileDescriptorSetSchema, { file: inOrder(all) }));
  }

  close(): void {
    this.#client.close();
  }

  /** The server leaves out imports that only options use; clients ask for those by their names. */
  async #withImports(files: readonly FileDescriptorProto[]): Promise<FileDescriptorProto[]> {
    const known = new Map(files.map((file) => [file.name, file]));
    for (const { dependency } of known.values()) {
      for (const name of dependency) {
        if (known.has(name)) continue;
        const { files: found = [] } = await this.#ask(fileByFilename, name);
        for (const file of found) known.set(file.name, file);
      }
    }
    return [...known.values()];
  }

  async #ask(field: number, text: string): Promise<Answer> {
    const stream = this.#client.makeBidiStreamRequest<Uint8Array, Answer>(
      this.#path,
      (bytes) => Buffer.from(bytes),
      readAnswer,
    );
    stream.end(new BinaryWriter().tag(field, WireType.LengthDelimited).string(text).finish());
    const [answer] = await Array.fromAsync<Answer>(stream);
    return answer ?? {};
  }
}

function readAnswer(bytes: Uint8Array): Answer {
  const answer: Answer = {};
  for (const { field, reader } of fieldsOf(bytes)) {
    if (field === 4) {
      answer.files = fieldsOf(reader.bytes()).map((file) =>
        fromBinary(FileDescriptorProtoSchema, file.reader.bytes()),
      );
    } else if (field === 6) {
      answer.services = fieldsOf(reader.bytes()).map(
        (service) => fieldsOf(service.reader.bytes())[0]?.reader.string() ?? "",
      );
    } else if (field === 7) answer.errorCode = fieldsOf(reader.bytes())[0]?.reader.int32() ?? 0;
  }
  return answer;
}

/** Each field's number, with a reader that stands at its value. */
function fieldsOf(bytes: Uint8Array): { field: number; reader: BinaryReader }[] {
  const fields: { field: number; reader: BinaryReader }[] = [];
  const all = new BinaryReader(bytes);
  while (all.pos < all.len) {
    const [field, wireType] = all.tag();
    const start = all.pos;
    all.skip(wireType, field);
    fields.push({ field, reader: new BinaryReader(bytes.subarray(start, all.pos)) });
  }
  return fields;
}

/** A registry takes a file after those that it imports. */
function inOrder(files: readonly FileDescriptorProto[]): FileDescriptorProto[] {
  const left = new Map(files.map((file) => [file.name, file]));
  const ordered: FileDescriptorProto[] = [];
  const add = (name: string) => {
    const file = left.get(name);
    left.delete(name);
    if (file === undefined) return;
    for (const dependency of file.dependency) add(dependency);
    ordered.push(file);
  };
  for (const { name } of files) add(name);
  return ordered;
}
